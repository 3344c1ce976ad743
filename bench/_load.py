"""Browsers that ask as fast as they are answered, each on a connection of its own that it keeps.

They run as threads of the measuring program, never in the server's processes. On a machine with few
processors they take some of its time: what is compared is always measured by the same browsers in one run.
"""

from __future__ import annotations

import http.client
import random
import re
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

ACCEPTED = "gzip, deflate, br, zstd"
REFUSED = 409


class WrongAnswer(RuntimeError):
    """The server answered something else than what is measured."""


@dataclass(frozen=True)
class Call:
    """One request: with which cookies, from which address, and the status that must come."""

    method: str
    path: str
    status: int = 200
    cookie: str = ""
    form: Mapping[str, str] | None = None
    address: str = "10.0.0.1"


@dataclass
class Round:
    """What came of one round: how long it took, how long each answer took (seconds), how many refusals."""

    seconds: float
    times: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds


class Connection:
    """A kept connection to the server."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._kept = http.client.HTTPConnection(*address, timeout=120)

    def send(self, call: Call, encoding: str = ACCEPTED) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {"Accept-Encoding": encoding, "X-Forwarded-For": call.address}
        if call.cookie:
            headers["Cookie"] = call.cookie
        body = None
        if call.form is not None:
            body = urllib.parse.urlencode(call.form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self._kept.request(call.method, call.path, body, headers)
        except (http.client.HTTPException, OSError):  # the server let go of a connection that was idle
            self._kept.close()
            self._kept.request(call.method, call.path, body, headers)
        answer = self._kept.getresponse()
        return answer, answer.read()

    def close(self) -> None:
        self._kept.close()


@dataclass
class Page:
    """A page as a browser has it: its words, and the cookie that came with it."""

    text: str
    cookie: str

    @property
    def token(self) -> str:
        """The token that the page's forms must send."""
        return hidden(self.text, "csrf_token")

    @property
    def slots(self) -> list[str]:
        """The times offered."""
        return re.findall(r'name="slot"[^>]*value="([^"]+)"', self.text)


def hidden(text: str, name: str) -> str:
    """The value of a hidden field; WrongAnswer where there is none."""
    found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', text)
    if found is None:
        raise WrongAnswer(f"There is no field {name} in the page.")
    return found.group(1)


def look(connection: Connection, path: str, cookie: str) -> Page:
    """Fetches a page as a browser does and keeps the cookie it sets."""
    answer, body = connection.send(Call("GET", path, cookie=cookie), "identity")
    if answer.status != 200:
        raise WrongAnswer(f"{path} answered {answer.status} {answer.getheader('Location', '')}")
    given = answer.getheader("Set-Cookie")
    return Page(body.decode(), given.partition(";")[0] if given else cookie)


def for_seconds(address: tuple[str, int], calls: Sequence[Callable[[], Call]], seconds: float) -> Round:
    """Each browser sends what its own function gives, again and again, for that long."""

    def until(deadline: float, next_call: Callable[[], Call]) -> Iterator[Call]:
        while time.perf_counter() < deadline:
            yield next_call()

    return _together(address, [lambda begun, mine=mine: until(begun + seconds, mine) for mine in calls])


def each_once(address: tuple[str, int], calls: Sequence[Sequence[Call]]) -> Round:
    """Each browser sends its own calls one after another."""
    return _together(address, [lambda _begun, mine=mine: iter(mine) for mine in calls])


def _together(address: tuple[str, int], plans: Sequence[Callable[[float], Iterator[Call]]]) -> Round:
    """One browser for each plan; a plan is told when all begin (seconds) and gives its calls."""
    made, begun, faults = Round(0.0), [0.0], []
    gate = threading.Barrier(len(plans), action=lambda: begun.__setitem__(0, time.perf_counter()))

    def browse(plan: Callable[[float], Iterator[Call]]) -> None:
        connection = Connection(address)
        try:
            connection.send(Call("GET", "/bench/select/1"))  # connected before it counts
            gate.wait()
            for call in plan(begun[0]):
                before = time.perf_counter()
                answer, _body = connection.send(call)
                made.times.append(time.perf_counter() - before)
                _judge(call, answer, made)
        except threading.BrokenBarrierError:
            pass
        except BaseException as fault:
            faults.append(fault)
            gate.abort()
        finally:
            connection.close()

    threads = [threading.Thread(target=browse, args=(plan,)) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    made.seconds = time.perf_counter() - begun[0]
    return made


def _judge(call: Call, answer: http.client.HTTPResponse, made: Round) -> None:
    """Counts a refusal (somebody else was quicker); WrongAnswer for anything else that was not wanted."""
    if answer.status == REFUSED and call.status != REFUSED:
        made.refused += 1
    elif answer.status != call.status:
        raise WrongAnswer(
            f"{call.method} {call.path} answered {answer.status} {answer.getheader('Location', '')}"
        )


def any_of(paths: Sequence[str], cookie: str, seed: int) -> Callable[[], Call]:
    """A function that gives calls for these addresses in a shuffled round, the same for the same seed."""
    order = list(paths)
    random.Random(seed).shuffle(order)
    endless = chain.from_iterable(iter(lambda: order, None))
    return lambda: Call("GET", next(endless), cookie=cookie)
