"""Whether every content file is what it was when it was published, and can be read. Gives sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from clinic.intake.loading import CONTENT, ContentError, read_content
from clinic.intake.models import Publication
from clinic.intake.open_decisions import open_decisions
from clinic.intake.publishing import changed_since, version_on_disk, versions
from clinic.intake.questionnaire import load_questionnaire

HOUSE = CONTENT.parents[1]
_CONTENTS = (CONTENT, HOUSE / "catalog" / "content")


def faults(publications: Iterable[Publication] = (), digests: Path = CONTENT / "digests.toml") -> list[str]:
    """Gives a sentence for everything that is wrong with the files; none when all is well."""
    found = [*_faults_of_digests(digests), *_faults_of_versions()]
    for publication in publications:
        found.extend(_faults_of_publication(publication))
    return list(dict.fromkeys(found))


def _faults_of_digests(digests: Path) -> Iterator[str]:
    try:
        listed = read_content(digests).data
    except ContentError as error:
        yield f"{error}."
        return
    for name, wanted in listed.items():
        try:
            if read_content(HOUSE / name).digest != wanted:
                yield f"{name} was changed after it was listed in {digests.name}."
        except ContentError as error:
            yield f"{error}."
    on_disk = {path.relative_to(HOUSE).as_posix() for folder in _CONTENTS for path in folder.glob("*/*.toml")}
    for name in sorted(on_disk - set(listed)):
        yield f"{name} is not listed in {digests.name}."


def _faults_of_versions() -> Iterator[str]:
    for version in versions():
        try:
            open_decisions(version_on_disk(version))
        except ContentError as error:
            yield f"{error}."
    for path in sorted((CONTENT / "questionnaire").glob("*.toml")):
        try:
            load_questionnaire(path.stem)
        except ContentError as error:
            yield f"{error}."


def _faults_of_publication(publication: Publication) -> Iterator[str]:
    try:
        if changed := changed_since(publication, version_on_disk(publication.rules_version)):
            yield f"{changed} was changed after it was published."
    except ContentError as error:
        yield f"{error}, but it was published."
