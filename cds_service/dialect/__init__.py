"""How one client wants to be spoken to: the last step of an answer, where its EHR does not understand all of CDS Hooks.

Whatever cannot be said as a suggestion is said in words. Two rules hold for every dialect: no order is offered beside another
one that it replaces without saying so, and of choices that exclude each other no second one is offered without saying so.

| concern | module |
|---|---|
| what a site writes, and the presets | ``settings``, ``presets.toml`` |
| the steps in their order | ``speak`` |
| what the EHR cannot do | ``possible`` |
| choices that exclude each other | ``choosing`` |
| one action each | ``single`` |
| codes without punctuation, and back | ``codes`` |
| code systems under other names | ``systems`` |
| what is said by hand, and how long a card may be | ``detail`` |
"""

from cds_service.dialect.settings import PLAIN, Dialect
from cds_service.dialect.speak import Spoken, speak

__all__ = ["PLAIN", "Dialect", "Spoken", "speak"]
