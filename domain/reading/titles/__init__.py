"""Chinese words for codes, for every layer that shows them. Plain data: workflows import it too."""

from domain.reading.titles.codes import CLOCKS, COMMANDS, STAGES
from domain.reading.titles.events import EVENTS, SENTENCES
from domain.reading.titles.fields import FIELDS, VALUES

__all__ = ["CLOCKS", "COMMANDS", "EVENTS", "FIELDS", "SENTENCES", "STAGES", "VALUES"]
