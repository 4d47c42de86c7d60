"""A slow replica that takes every step and every token by itself; the judge of the closed forms.

It shares no code with the engine: KV is a set of single blocks with owners, decode advances one
token at a time, and time is added up step by step. Only the rules are the same: admit in order of
arrival while the batch and the blocks allow, whole prompt reserved at admission, 1 % of the blocks
(or one per decoding call) kept free beside running calls, least recently released streams evicted
from their end, latest admitted call thrown out first and recomputed.
"""

import math
from dataclasses import dataclass
from typing import Any


@dataclass
class Call:
    number: int
    stream: int
    prompt: int
    output: int
    arrival_s: float
    length: int = 0
    done: int = 0
    made: int = 0
    context: int = 0
    own_blocks: int = 0
    first_s: float = -1.0
    finished_s: float = -1.0
    cached: int = -1
    preempted: int = 0


class TokenReplica:
    def __init__(
        self,
        *,
        table: Any,
        capacity_blocks: Any,
        block: Any,
        max_batch: Any,
        chunk: Any,
        parents: Any,
        offsets: Any,
    ) -> None:
        self.table, self.block = table, block
        self.capacity, self.max_batch, self.chunk = capacity_blocks, max_batch, chunk
        self.parents, self.offsets = parents, offsets
        self.cache = {}  # stream -> number of cached blocks of its own
        self.users = {}  # stream -> running calls on it
        self.released = {}  # stream -> when it was last let go
        self.ticks = 0
        self.waiting, self.prefilling, self.decoding = [], [], []
        self.now = 0.0

    def path(self, stream: Any) -> Any:
        chain = []
        while stream >= 0:
            chain.append(stream)
            stream = self.parents[stream]
        return chain

    def used(self) -> Any:
        running = sum(call.own_blocks for call in self.prefilling + self.decoding)
        return sum(self.cache.values()) + running

    def evictable(self, but: Any = ()) -> Any:
        return sum(n for s, n in self.cache.items() if not self.users.get(s) and s not in but)

    def matched(self, stream: Any, length: Any) -> Any:
        """Walk from the root down, block by block, until one is missing."""
        chain = list(reversed(self.path(stream)))
        position = 0
        for level, one in enumerate(chain):
            end = self.offsets[chain[level + 1]] if level + 1 < len(chain) else length
            while position + self.block <= end:
                index = (position - self.offsets[one]) // self.block
                if index >= self.cache.get(one, 0):
                    return min(position, (length - 1) // self.block * self.block)
                position += self.block
        return min(position, (length - 1) // self.block * self.block)

    def evict_one(self) -> None:
        free = [s for s, n in self.cache.items() if n and not self.users.get(s)]
        oldest = min(free, key=lambda s: self.released[s])
        self.cache[oldest] -= 1

    def take(self, blocks: Any) -> Any:
        for _ in range(blocks):
            if self.used() + 1 > self.capacity:
                self.evict_one()
            yield

    def hold(self, stream: Any) -> None:
        for one in self.path(stream):
            self.users[one] = self.users.get(one, 0) + 1

    def release(self, stream: Any) -> None:
        for one in self.path(stream):
            self.users[one] -= 1
            self.ticks += 1
            if not self.users[one]:
                self.released[one] = self.ticks

    def donate(self, call: Any, length: Any) -> None:
        position = length // self.block * self.block
        for one in self.path(call.stream):
            blocks = (position - self.offsets[one]) // self.block
            gained = max(0, blocks - self.cache.get(one, 0))
            self.cache[one] = self.cache.get(one, 0) + gained
            call.own_blocks -= gained
            position = self.offsets[one]

    def admit(self, call: Any) -> Any:
        if len(self.prefilling) + len(self.decoding) >= self.max_batch:
            return False
        cached = min(self.matched(call.stream, call.length), call.prompt // self.block * self.block)
        need = math.ceil(call.length / self.block) - cached // self.block
        spare = 0
        if self.prefilling or self.decoding:
            spare = max(self.capacity // 100, len(self.decoding))
        path = [s for s in self.path(call.stream) if not self.users.get(s)]
        if need + spare > self.capacity - self.used() + self.evictable(but=path):
            if self.prefilling or self.decoding:
                return False
            end = cached  # nothing else runs: what the prompt does not use of its streams goes
            for one in path:
                self.cache[one] = min(
                    self.cache.get(one, 0), max(0, end - self.offsets[one]) // self.block
                )
                end = min(end, self.offsets[one])
        self.hold(call.stream)
        self.prefilling.append(call)
        for _ in self.take(need):
            call.own_blocks += 1
        if call.cached < 0:
            call.cached = cached
        call.done = cached
        return True

    def preempt(self) -> None:
        loser = self.prefilling.pop() if self.prefilling else self.decoding.pop()
        loser.own_blocks = 0
        self.release(loser.stream)
        loser.length = loser.prompt + loser.made
        loser.done = 0
        loser.preempted += 1
        self.waiting.insert(0, loser)

    def growth(self) -> Any:
        return sum(call.context % self.block == 0 for call in self.decoding)

    def make_room(self) -> Any:
        thrown = False
        while self.growth() > self.capacity - self.used() + self.evictable():
            self.preempt()
            thrown = True
        return thrown

    def admit_waiting(self) -> None:
        while self.waiting and self.admit(self.waiting[0]):
            self.waiting.pop(0)

    def finish(self, call: Any) -> None:
        self.donate(call, call.prompt + call.output - 1)
        call.own_blocks = 0
        self.release(call.stream)
        call.finished_s = self.now

    def step(self) -> Any:  # noqa: C901, PLR0912 - one step is one story
        """One step: plan it, let its time pass, apply it."""
        if not self.make_room():
            self.admit_waiting()
            self.make_room()
        if self.waiting and not self.prefilling and not self.decoding:
            self.admit_waiting()
        budget = self.chunk - len(self.decoding)
        parts = []
        for call in self.prefilling:
            part = min(budget, call.length - call.done)
            if part > 0:
                parts.append((call, part))
                budget -= part
        if not parts and not self.decoding:
            return False
        tokens = len(self.decoding) + sum(part for _, part in parts)
        seconds = self.table.linear_s[min(tokens, len(self.table.linear_s) - 1)]
        seconds += self.table.context_s[len(self.decoding)] * sum(
            call.context for call in self.decoding
        )
        for call, part in parts:
            seconds += self.table.pair_s * part * (call.done + part / 2)
        self.now += seconds
        for call in self.decoding:
            if call.context % self.block == 0:
                for _ in self.take(1):
                    call.own_blocks += 1
            call.context += 1
            call.made += 1
        for call in sorted(self.decoding, key=lambda c: c.number):
            if call.made >= call.output:
                self.decoding.remove(call)
                self.finish(call)
        for call, part in parts:
            call.done += part
            if call.done < call.length:
                continue
            self.prefilling.remove(call)
            self.donate(call, min(call.prompt, call.length))
            call.own_blocks = math.ceil(call.length / self.block) - call.prompt // self.block
            call.made += 1
            if call.first_s < 0:
                call.first_s = self.now
            if call.made >= call.output:
                self.finish(call)
            else:
                call.context = call.length
                self.decoding.append(call)
        return True

    def run(self, calls: Any) -> Any:
        pending = sorted(calls, key=lambda c: (c.arrival_s, c.number))
        while pending or self.waiting or self.prefilling or self.decoding:
            while pending and pending[0].arrival_s <= self.now:
                call = pending.pop(0)
                call.length = call.prompt
                self.waiting.append(call)
            if not self.step():
                self.now = pending[0].arrival_s
        return calls
