"""Chinese words for codes, for every layer that shows them. Plain data: workflows import it too."""

from domain.titles.codes import CLOCKS, COMMANDS, STAGES
from domain.titles.events import EVENTS, SENTENCES
from domain.titles.fields import FIELDS, VALUES

__all__ = ["CLOCKS", "COMMANDS", "EVENTS", "FIELDS", "SENTENCES", "STAGES", "VALUES"]
