"""Files of other systems on their way into the record: read, mapped, registered or adopted with their history.

text, delimited, workbook, jsonlines   rows of any file, broken ones told apart
mapping, dates                         what a ledger's columns mean
sources                                which reader and which mapping a file needs
registering                            each row becomes a clue, once
progress                               what is kept on disk meanwhile
"""

from infra.importing.errors import ImportStopped
from infra.importing.mapping import load_mapping
from infra.importing.migrating import MigrationOptions, MigrationReport, import_histories
from infra.importing.registering import CheckReport, ImportOptions, ImportReport, check_file, import_file
from infra.importing.sources import Ledger

__all__ = [
    "CheckReport",
    "ImportOptions",
    "ImportReport",
    "ImportStopped",
    "Ledger",
    "MigrationOptions",
    "MigrationReport",
    "check_file",
    "import_file",
    "import_histories",
    "load_mapping",
]
