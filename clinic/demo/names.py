"""Made-up names, as mixed as a London waiting room: first names and surnames that go together."""

from __future__ import annotations

# (weight, women's names, men's names, surnames)
NAMES: tuple[tuple[int, str, str, str], ...] = (
    (
        36,
        "Alice Bethan Bridget Carys Charlotte Chloe Daisy Eleanor Erin Fiona Freya Georgia Harriet Heather "
        "Imogen Isobel Jane Jess Kate Laura Lucy Maeve Mair Martha Megan Molly Naomi Niamh Olive Orla "
        "Phoebe Rachel Ruth Sally Sian Sophie Tess Una Verity Wendy",
        "Alfie Arthur Ben Callan Ciaran Daniel Dylan Ed Euan Finlay Fred George Harry Hugh Iain Jack Joel "
        "Kieran Lewis Liam Martin Miles Ned Nigel Oliver Owen Patrick Rhys Rory Rowan Ruaridh Seb Simon "
        "Stuart Toby Tristan Will",
        "Abbott Ashdown Barrow Bexley Birch Bracken Brannigan Carver Colquhoun Crowther Dunmore Ellery "
        "Fairley Fenwick Gallagher Garrick Halloran Hartley Hebden Ingram Jessop Kerrigan Larkin Lockwood "
        "Marlow Maddox Nance Oakes Pemberton Penhale Prosser Pugh Quigley Radcliffe Rafferty Sedgwick "
        "Tavener Thorne Trevelyan Underhill Vickery Wainwright Weatherby Yardley",
    ),
    (
        14,
        "Aisha Anjali Bushra Deepa Divya Farah Fatima Gurpreet Hina Kavita Leena Meera Nadia Nisha Pooja "
        "Rekha Rukhsana Sadia Simran Sunita Zara",
        "Adeel Arjun Dev Faisal Harjit Imran Jaspal Kamran Manish Nikhil Omar Rahul Ravi Sanjay Tariq "
        "Vikram Yusuf Zain",
        "Ahmed Anand Bains Begum Chaudhry Dhillon Gill Hussain Iqbal Joshi Kaur Khan Malik Mehta Patel "
        "Rahman Rao Shah Sharma Siddiqui Singh Sodhi Verma",
    ),
    (
        11,
        "Abena Adaeze Adwoa Amina Chidinma Efua Esi Folake Grace Ife Kemi Makena Ngozi Nia Sade Thandi "
        "Wanjiru Yaa",
        "Abdi Ade Chidi Emeka Femi Kofi Kwame Kwesi Mensah Musa Obi Samson Sipho Tendai Tunde Yaw Zuberi",
        "Abara Achebe Adeyemi Afolabi Appiah Asante Balogun Boateng Chikwanda Danso Eze Kamau Mbeki Moyo "
        "Mwangi Ndlovu Nwosu Obi Ofori Okafor Owusu Quaye Sesay",
    ),
    (
        8,
        "Camille Chantelle Hyacinth Jada Janelle Josette Keisha Lorna Marcia Monique Shanice Tamara",
        "Andre Curtis Delroy Devon Errol Jermaine Leroy Marlon Neville Tyrell Winston",
        "Bailey Campbell Clarke Francis Grant Hinds Joseph Lewin Morrison Noel Pinnock Reid Sobers Thorpe",
    ),
    (
        11,
        "Agnieszka Alina Ana Danuta Elena Ewa Ilinca Ioana Irena Jana Kasia Katya Magda Milena Oksana Olena "
        "Sorina Vesna Zofia",
        "Andrei Bogdan Dragan Grzegorz Ivan Jakub Krzysztof Luka Marek Mihai Oleksiy Pavel Piotr Radu "
        "Stefan Tomasz Viktor",
        "Bartosz Bielak Dimitrov Dobre Horvat Ilic Ionescu Jankowski Kovac Kowal Lisowski Marin Melnyk "
        "Mikulski Novak Petrova Popa Stoica Szabo Wilk Zielak",
    ),
    (
        8,
        "Beatriz Carla Chiara Elisa Giulia Ines Joana Lucia Mariana Marta Noemi Paloma Raquel Silvia "
        "Valentina",
        "Alvaro Carlos Diego Enzo Filipe Joao Lorenzo Marco Mateo Nuno Pablo Rui Tiago",
        "Almeida Bianchi Cabral Conti Costa Duarte Ferrari Fonseca Lopez Marques Moretti Navarro Oliveira "
        "Pereira Rinaldi Ruiz Serrano Vidal",
    ),
    (
        7,
        "Ai Hui-Min Jia Kim-Ly Linh Mei Mai Ming-Na Sakura Siew Soo-Jin Thuy Xin Yan Yuki",
        "Bao Chen Daisuke Duc Haruto Jin Kenji Kwok Minh Seung Tuan Wei Yong",
        "Chan Cheung Chiu Fukuda Hoang Inoue Kwan Lam Leung Lim Mori Nguyen Park Pham Seo Tan Tran Wong Zhao",
    ),
    (
        5,
        "Ayla Dilan Elif Hala Laleh Leila Mariam Mina Nour Rana Shirin Yasmin Zeynep",
        "Amir Baran Cem Emre Farhad Hadi Karim Kaveh Mehmet Nabil Sami Youssef",
        "Aslan Aziz Darwish Demir Farahani Haddad Hosseini Kaya Mansour Najafi Saleh Tehrani Yildiz",
    ),
)
