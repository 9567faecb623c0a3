"""Putting faulty rules to the cases."""

from collections.abc import Sequence

from hyperion_conformance.seq.variants import Variant
from hyperion_conformance.targets import target_named
from hyperion_conformance.targets.target import PROTOCOL_FORK
from hyperion_conformance.vectors.record import Draft


def noticed(variant: Variant, drafts: Sequence[Draft]) -> list[str]:
    """Cases whose outcome the faulty rule changes, or on which it crashes."""
    target = target_named(variant.target)

    def outcome(draft: Draft) -> object:
        return target.outcome(draft.input, PROTOCOL_FORK, True, lambda name: None)

    found = []
    for draft in drafts:
        right = outcome(draft)
        with variant.seeded():
            try:
                same = outcome(draft) == right
            except Exception:  # a faulty rule may crash: that, too, is seen
                same = False
        if not same:
            found.append(draft.id)
    return found


def killed(variant: Variant) -> bool:
    """Whether the case that the variant names notices it."""
    drafts = target_named(variant.target).generators[0](0, 0)
    return noticed(variant, [draft for draft in drafts if draft.id == variant.killer]) == [variant.killer]
