"""What a client sends in with a request for clearance: told by its content, kept encrypted, served to staff.

Three kinds are taken: PDF, PNG and JPEG. The name and the type that a browser gives say nothing; the bytes
must have the build of what they claim to be, and be nothing else besides. Services; nothing here commits.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from clinic.audit import services as audit
from clinic.intake import clearances
from clinic.intake.models import Clearance, ClearanceDocument, DocumentKind
from clinic.kernel.errors import BadInput, NotFound, WrongState

FIELD = "file"
MOST_MEGABYTES = 10
MOST_BYTES = MOST_MEGABYTES * 1024 * 1024
MOST_FILES = 5
TOO_LARGE = f"That file is larger than {MOST_MEGABYTES} MB. Take a photo of the page instead."
NOT_ONE = "Choose a PDF, or a photo saved as JPEG or PNG."
CUT_OFF = "That file is not whole. Open it to see that it is all there, then send it again."

_SUFFIX = {DocumentKind.PDF: "pdf", DocumentKind.PNG: "png", DocumentKind.JPEG: "jpg"}
# What a page for reading does not need: programs, starting things, files within the file.
_PDF_DOES = (b"/JavaScript", b"/Launch", b"/EmbeddedFile")
_PDF_HEAD = re.compile(rb"%PDF-[12]\.\d")
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_ZIP_END = b"PK\x05\x06"
_END_WITHIN = 1024
_MARKUP = re.compile(rb"<(?:!doctype|html|script|svg|body|iframe)\b", re.IGNORECASE)
# JPEG markers: the frames that give a size, and those that stand alone.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True, slots=True)
class Opened:
    """A document as staff open it."""

    kind: DocumentKind
    name: str
    content: bytes

    @property
    def mime_type(self) -> str:
        """The type to serve it as, from its content alone."""
        return "application/pdf" if self.kind is DocumentKind.PDF else f"image/{self.kind.value}"


# --- what it is (pure) -------------------------------------------------------------------------------


def read(data: bytes) -> tuple[DocumentKind, bytes]:
    """The kind of a file by its content, and the part of it that is kept: what follows its end is cut off.

    BadInput for anything but one whole PDF, PNG or JPEG of at most 10 MB.
    """
    if not data:
        raise BadInput("That file is empty.", FIELD)
    if len(data) > MOST_BYTES:
        raise BadInput(TOO_LARGE, FIELD)
    if data.startswith(_PNG_HEAD):
        return DocumentKind.PNG, data[: _end_of_png(data)]
    if data.startswith(b"\xff\xd8\xff"):
        return DocumentKind.JPEG, data[: _end_of_jpeg(data)]
    if _PDF_HEAD.match(data):
        return DocumentKind.PDF, data[: _end_of_pdf(data)]
    raise BadInput(NOT_ONE, FIELD)


def _end_of_pdf(data: bytes) -> int:
    """Where it ends. Refuses one that is also markup or an archive, or that does more than be read."""
    at = data.rfind(b"%%EOF")
    if at < max(0, len(data) - _END_WITHIN) or b"startxref" not in data or b"obj" not in data:
        raise BadInput(CUT_OFF, FIELD)
    if _MARKUP.search(data[:_END_WITHIN]) or _ZIP_END in data[-65_600:]:
        raise BadInput(NOT_ONE, FIELD)
    if any(word in data for word in _PDF_DOES):
        raise BadInput("That PDF has more in it than a page. Print it to a new PDF, or take a photo.", FIELD)
    return min(len(data), at + len(b"%%EOF\n"))


def _end_of_png(data: bytes) -> int:
    """Where it ends: after the chunk that says so. Each chunk must be whole, the first give a size."""
    at = len(_PNG_HEAD)
    names: list[bytes] = []
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        name, end = data[at + 4 : at + 8], at + 12 + length
        check = int.from_bytes(data[end - 4 : end], "big")
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != check:
            break
        if not names and (name != b"IHDR" or length != 13 or _is_flat(data[at + 8 : at + 16])):
            raise BadInput(NOT_ONE, FIELD)
        names.append(name)
        if name == b"IEND" and b"IDAT" in names:
            return end
        at = end
    raise BadInput(CUT_OFF, FIELD)


def _is_flat(size: bytes) -> bool:
    return b"\0\0\0\0" in (size[:4], size[4:])


def _end_of_jpeg(data: bytes) -> int:
    """Where it ends: after the marker that says so, walking from segment to segment."""
    at, has_frame, has_scan = 2, False, False
    while at + 2 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        at += 2
        if marker == 0xD9:
            if has_frame and has_scan:
                return at
            break
        if marker == 0xFF:  # filling between segments
            at -= 1
            continue
        if marker in _ALONE:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            break
        if marker in _FRAMES:
            has_frame = any(data[at + 3 : at + 5]) and any(data[at + 5 : at + 7])
        at += length
        if marker == 0xDA:
            has_scan = True
            at = _after_scan(data, at)
    raise BadInput(CUT_OFF, FIELD)


def _after_scan(data: bytes, at: int) -> int:
    """The next marker that is no part of the picture's own data."""
    while (at := data.find(b"\xff", at)) != -1 and at + 1 < len(data):
        if data[at + 1] != 0 and data[at + 1] not in _ALONE:
            return at
        at += 2
    return len(data)


def safe_name(filename: str, kind: DocumentKind) -> str:
    """A short name of plain letters, with the ending of what the file is."""
    stem = re.split(r"[\\/]", filename)[-1].rsplit(".", 1)[0]
    plain = re.sub(r"[^\w \-]", "", stem).strip(" _-")[:40].strip()
    return f"{plain or 'reply'}.{_SUFFIX[kind]}"


# --- keeping and opening -----------------------------------------------------------------------------


def add(
    session: Session,
    now: datetime,
    clearance: Clearance,
    data: bytes,
    filename: str,
    actor: str,
    *,
    within_hours: int,
) -> ClearanceDocument:
    """Keeps a file with a request that waits; it is our turn again, to be answered `within_hours`.

    BadInput for a file that is not taken, or one too many; WrongState once it is decided.
    """
    found = session.get(Clearance, clearance.id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound()
    if found.status not in clearances.WAITING:
        raise WrongState("This has been decided. Ring us if you have something to send.")
    if len(found.documents) >= MOST_FILES:
        raise BadInput(f"You have sent {MOST_FILES} files. Ring us if there is more.", FIELD)
    kind, content = read(data)
    made = ClearanceDocument(
        clearance=found,
        kind=kind,
        name=safe_name(filename, kind),
        content=content,
        size=len(content),
        actor=actor,
        added_at=now,
    )
    session.add(made)
    session.flush()
    audit.record(session, now, actor, "sent_document", "clearance", found.id)
    clearances.answered(session, now, found, within_hours=within_hours)
    return made


def open(session: Session, now: datetime, document_id: int, actor: str) -> Opened:
    """Opens a document for staff; that `actor` did is recorded. NotFound for one there is not."""
    found = session.get(ClearanceDocument, document_id)
    if found is None:
        raise NotFound()
    audit.record(session, now, actor, "open_document", "clearance_document", found.id)
    return Opened(found.kind, found.name, found.content)
