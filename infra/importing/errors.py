"""Why a file as a whole cannot be imported. Texts name columns and settings, never the content of a row."""

from __future__ import annotations

from domain.errors import XiezhiError


class ImportStopped(XiezhiError):
    """The import could not go on; what was done stays done, and running it again continues."""

    code = "import_stopped"


class UnknownFormat(XiezhiError):
    """The file's name says no format that is read."""

    code = "unknown_format"


class EncodingUnclear(XiezhiError):
    """The text is in no encoding that could be recognised, or in several."""

    code = "encoding_unclear"


class FileBroken(XiezhiError):
    """The file cannot be read on: cut off, damaged, or unpacking to far more than a ledger would."""

    code = "file_broken"


class HeaderMissing(XiezhiError):
    """No row of column names was found, or columns the mapping needs are not there."""

    code = "header_missing"


class SheetUnclear(XiezhiError):
    """Several sheets have the columns, or the one asked for does not exist."""

    code = "sheet_unclear"


class MappingInvalid(XiezhiError):
    """A mapping file breaks a rule; the text says where."""

    code = "mapping_invalid"


class BatchInvalid(XiezhiError):
    """A migration needs a name for its batch, and this is none."""

    code = "batch_invalid"
