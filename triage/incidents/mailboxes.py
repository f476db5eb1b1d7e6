"""The number of mailboxes of an incident: exact up to 1,000, an estimate above.

The estimate is HyperLogLog (Flajolet et al., 2007) with 4,096 registers of a byte each: its standard error is 1.6 %.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping

from pydantic import Field

from triage.wire import Wire

MOST_EXACT = 1000
_INDEX_BITS = 12
_REGISTERS = 1 << _INDEX_BITS
_RANK_BITS = 64 - _INDEX_BITS
_ALPHA = 0.7213 / (1 + 1.079 / _REGISTERS)


def mailbox_hash(mailbox: str) -> str:
    """Eight bytes of a hash of a mailbox address, as 16 hexadecimal digits."""
    return hashlib.sha256(mailbox.encode()).hexdigest()[:16]


class Mailboxes(Wire):
    """The mailboxes of an incident: how many findings each has, or the registers (base64) of the estimate.

    An estimate only grows: a mailbox can't be removed from it.
    """

    findings: dict[str, int] = Field(default_factory=dict[str, int])
    registers: str | None = None

    @property
    def estimated(self) -> bool:
        """Whether `count` is an estimate."""
        return self.registers is not None

    @property
    def count(self) -> int:
        """The number of mailboxes."""
        if self.registers is None:
            return len(self.findings)
        return _estimate(base64.b64decode(self.registers))

    def changed(self, more: Mapping[str, int]) -> Mailboxes:
        """With more or fewer findings, by the hash of their mailbox."""
        if self.registers is not None:
            known = bytearray(base64.b64decode(self.registers))
            return Mailboxes(registers=_registers((name for name, number in more.items() if number > 0), known))
        findings = {name: self.findings.get(name, 0) + more.get(name, 0) for name in {**self.findings, **more}}
        findings = {name: number for name, number in findings.items() if number > 0}
        if len(findings) > MOST_EXACT:
            return Mailboxes(registers=_registers(findings, bytearray(_REGISTERS)))
        return Mailboxes(findings=findings)


def _registers(hashes: Iterable[str], registers: bytearray) -> str:
    """The registers with these hashes: each has the longest run of zeros, plus one, that a hash of its index begins with."""
    for name in hashes:
        index, rest = divmod(int(name, 16), 1 << _RANK_BITS)
        registers[index] = max(registers[index], _RANK_BITS - rest.bit_length() + 1)
    return base64.b64encode(registers).decode()


def _estimate(registers: bytes) -> int:
    raw = _ALPHA * _REGISTERS**2 / sum(2.0**-rank for rank in registers)
    empty = registers.count(0)
    if empty and raw <= 2.5 * _REGISTERS:
        return round(_REGISTERS * math.log(_REGISTERS / empty))  # linear counting, which is more exact for few
    return round(raw)
