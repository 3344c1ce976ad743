"""What is sent in: told by its content, kept encrypted, opened by staff alone and on the record."""

from __future__ import annotations

import struct
import zlib
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.booking import decisions
from clinic.intake import clearances, documents
from clinic.intake.clearances import Contact
from clinic.intake.documents import MOST_BYTES, MOST_FILES, safe_name
from clinic.intake.models import Clearance, ClearanceStatus, DocumentKind
from clinic.kernel.errors import BadInput, NotFound, WrongState
from tests import makers

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\nxref\nstartxref\n9\n%%EOF\n"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int = 1, height: int = 1) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def jpeg(height: int = 1) -> bytes:
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, 1) + b"\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8\xff\xe0\x00\x04JF" + frame + scan + b"\xff\xd9"


@pytest.mark.parametrize(
    ("data", "kind"),
    [(PDF, DocumentKind.PDF), (png(), DocumentKind.PNG), (jpeg(), DocumentKind.JPEG)],
    ids=["pdf", "png", "jpeg"],
)
def test_a_whole_file_is_known_by_its_content(data: bytes, kind: DocumentKind) -> None:
    assert documents.read(data) == (kind, data)


ZIP = b"PK\x03\x04word/document.xml" + b"PK\x05\x06" + bytes(18)
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
REFUSED = {
    "empty": b"",
    "text": b"hello",
    "html": b"<!doctype html><html>",
    "svg": SVG,
    "zip or docx": ZIP,
    "gif": b"GIF89a" + bytes(40),
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(24),
    "a program": b"MZ" + bytes(100),
    "a name is not a file": b"%PDF",
    "pdf after something else": b"<script>alert(1)</script>" + PDF,
    "pdf that is also a page": b"%PDF-1.4\n<html><script>alert(1)</script>\n1 0 obj\nstartxref\n9\n%%EOF",
    "pdf that is also an archive": PDF[:-6] + ZIP + b"\n%%EOF\n",
    "pdf with a program": PDF.replace(b"<<>>", b"<</JavaScript (x)>>"),
    "pdf with a file in it": PDF.replace(b"<<>>", b"<</Type/EmbeddedFile>>"),
    "pdf cut off": PDF[:-8],
    "pdf followed by much else": PDF + bytes(5000),
    "png cut off": png()[:-5],
    "png without a picture": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"IEND", b""),
    "png of no size": png(width=0),
    "png with a changed chunk": png().replace(b"IDAT", b"IDAX"),
    "jpeg cut off": jpeg()[:-2],
    "jpeg of no size": jpeg(height=0),
    "jpeg that only begins like one": b"\xff\xd8\xff\xe0" + SVG,
    "jpeg with no picture": b"\xff\xd8\xff\xd9",
    "too large": PDF + bytes(MOST_BYTES),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_anything_else_is_refused_with_a_sentence(what: str) -> None:
    with pytest.raises(BadInput) as refused:
        documents.read(REFUSED[what])
    assert refused.value.field == "file"
    assert refused.value.sentence.endswith(".")


@pytest.mark.parametrize("data", [png(), jpeg()], ids=["png", "jpeg"])
def test_what_hangs_on_behind_a_picture_is_cut_off(data: bytes) -> None:
    _kind, kept = documents.read(data + ZIP + SVG)
    assert kept == data


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Dr Mehta's letter.PDF", "Dr Mehtas letter.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\ruth\\scan.01.pdf", "scan01.pdf"),
        ("<img src=x>\r\nX: y.pdf", "img srcxX y.pdf"),
        ("", "reply.pdf"),
        ("…", "reply.pdf"),
        ("a" * 300, "a" * 40 + ".pdf"),
    ],
)
def test_a_name_is_cleaned_and_ends_as_what_the_file_is(typed: str, kept: str) -> None:
    assert safe_name(typed, DocumentKind.PDF) == kept


@pytest.fixture
def asked(session: Session, now: datetime) -> Clearance:
    clinic = makers.clinic(session)
    intake = makers.intake(session, now, {"bones": ["fragility_fracture"]})
    return decisions.ask(session, now, intake, Contact("Ruth Carver", "ruth@client.example"), clinic.site)


def add(session: Session, now: datetime, asked: Clearance, data: bytes = PDF) -> int:
    return documents.add(session, now, asked, data, "letter.pdf", "client", within_hours=48).id


def test_a_file_is_kept_encrypted_and_on_the_record(
    session: Session, now: datetime, asked: Clearance
) -> None:
    made = add(session, now, asked)
    raw = session.execute(sa.text("SELECT name, content FROM clearance_document")).one()
    assert b"%PDF" not in bytes(raw.content)
    assert b"letter" not in (raw.name if isinstance(raw.name, bytes) else str(raw.name).encode())
    event = session.scalars(sa.select(AuditEvent)).one()
    assert (event.actor, event.action, event.subject_id) == ("client", "sent_document", asked.id)
    opened = documents.open(session, now, made, "user:3")
    assert (opened.kind, opened.name, opened.content) == (DocumentKind.PDF, "letter.pdf", PDF)
    assert opened.mime_type == "application/pdf"
    last = session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert last is not None
    assert (last.actor, last.action, last.subject_id) == ("user:3", "open_document", made)


def test_what_answers_a_question_makes_it_our_turn_again(
    session: Session, now: datetime, asked: Clearance
) -> None:
    asked.status = ClearanceStatus.MORE_NEEDED
    later = now + timedelta(days=3)
    add(session, later, asked)
    assert (asked.status, asked.waiting_since, asked.due_at) == (
        ClearanceStatus.OPEN, later, later + timedelta(hours=48),
    )  # fmt: skip


def test_one_file_too_many_is_refused(session: Session, now: datetime, asked: Clearance) -> None:
    for _ in range(MOST_FILES):
        add(session, now, asked)
    with pytest.raises(BadInput, match="5 files"):
        add(session, now, asked)
    assert len(asked.documents) == MOST_FILES


@pytest.mark.parametrize("status", sorted(set(ClearanceStatus) - clearances.WAITING))
def test_nothing_is_taken_once_it_is_decided(
    session: Session, now: datetime, asked: Clearance, status: ClearanceStatus
) -> None:
    asked.status = status
    with pytest.raises(WrongState):
        add(session, now, asked)
    assert asked.documents == []


def test_a_document_there_is_not_is_not_found(session: Session, now: datetime) -> None:
    with pytest.raises(NotFound):
        documents.open(session, now, 4711, "user:3")
