"""What the public tests of the OP stack demand, as facts: told from their statements, not from our model.

Sources: ``FaultDisputeGame.t.sol`` of ``packages/contracts-bedrock`` and ``game_solver_test.go`` of ``op-challenger``
(ethereum-optimism/optimism). A case of ours has the moves of a public one; here stands what the public one asserts.
"""

from collections.abc import Mapping
from typing import Final

import attrs

OK: Final = "accepted"


@attrs.frozen
class Fact:
    """A public test, and what it asserts of the case of ours that has its moves."""

    source: str
    last: str | None = None
    """What comes of the last event: accepted, or refused for this reason; None if the test does not say."""
    status: str | None = None
    clocks: tuple[int, ...] | None = None
    """Durations on the clocks of the claims, from the root on."""
    advice: tuple[str, ...] | None = None
    """What the honest player does: kind of move, and against which claim."""


HOUR: Final = 3_600
CLOCK: Final = 84 * HOUR

CONTRACT: Final[Mapping[str, Fact]] = {
    "contract/defence-of-the-root": Fact("test_move_defendRoot_reverts", "cannot-defend-root"),
    "contract/parent-that-is-not-there": Fact("test_move_nonExistentParent_reverts", "unknown-claim"),
    "contract/below-the-leaves": Fact("test_move_gameDepthExceeded_reverts", "depth-exceeded"),
    "contract/another-claim-is-meant": Fact("test_move_incorrectDisputedIndex_reverts", OK),
    "contract/same-value-under-two-parents": Fact("test_move_duplicateClaimsDifferentSubgames_succeeds", OK),
    "contract/simple-attack": Fact("test_move_simpleAttack_succeeds", OK, "in-progress", (0, 5)),
    "contract/root-of-a-run-by-attack-valid": Fact("test_move_incorrectStatusExecRoot_reverts", "unexpected-status"),
    "contract/root-of-a-run-by-attack-panic": Fact("test_move_correctStatusExecRoot_succeeds", OK),
    "contract/twice": Fact("test_step_duplicateStep_reverts", "duplicate-step"),
    "contract/step-into-a-false-leaf": Fact("test_stepAttackDummyClaim_defendTrueClaimInTheMiddle_succeeds", OK),
    "contract/step-out-of-a-true-leaf-to-a-true-claim": Fact(
        "test_stepDefendDummyClaim_defendTrueClaimInTheMiddle_succeeds", OK
    ),
    "contract/step-into-a-true-leaf": Fact(
        "test_stepAttackTrueClaim_defendTrueClaimInTheMiddle_reverts", "valid-step"
    ),
    "contract/step-out-of-a-true-leaf-to-a-false-claim": Fact(
        "test_stepDefendTrueClaim_defendTrueClaimInTheMiddle_reverts", "valid-step"
    ),
    "contract/block-number-refuted": Fact("testFuzz_challengeRootL2Block_succeeds", OK, "challenger-wins"),
    "contract/uncontested": Fact("test_resolve_rootUncontested_succeeds", OK, "defender-wins"),
    "contract/unresolved-root": Fact("test_resolve_rootUncontestedButUnresolved_reverts", "root-unresolved"),
    "contract/contested": Fact("test_resolve_rootContested_succeeds", OK, "challenger-wins"),
    "contract/challenge-contested": Fact("test_resolve_challengeContested_succeeds", OK, "defender-wins"),
    "contract/several-answers": Fact("test_resolve_teamDeathmatch_succeeds", OK, "challenger-wins"),
    "contract/to-the-leaves": Fact("test_resolve_stepReached_succeeds", OK, "defender-wins"),
    "contract/claim-twice": Fact("test_resolve_claimAlreadyResolved_reverts", "already-resolved"),
    "contract/leaf-twice": Fact("test_resolve_claimAtMaxDepthAlreadyResolved_reverts", "already-resolved"),
    "contract/in-pages": Fact("test_resolve_multiPart_succeeds", OK, "challenger-wins"),
    "clocks/first-answer-long-run-out": Fact("test_move_clockTimeExceeded_reverts", "clock-expired"),
    "clocks/as-in-the-public-test": Fact("test_move_clockCorrectness_succeeds", OK, None, (0, 15, 10, 25, 20)),
    "clocks/extension-at-depth-1-first-needed": Fact(
        "test_move_standardClockExtension_succeeds", OK, None, (0, CLOCK - 3 * HOUR)
    ),
    "clocks/extension-at-depth-3-first-needed": Fact(
        "test_move_splitDepthClockExtension_succeeds", OK, None, (0, 0, 0, CLOCK - 6 * HOUR)
    ),
    "clocks/extension-at-depth-7-first-needed": Fact(
        "test_move_maxGameDepthClockExtension_succeeds", OK, None, (0, 0, 0, 0, 0, 0, 0, CLOCK - 3 * HOUR - 4)
    ),
    "open/parameters-split-just-above-the-leaves": Fact("testFuzz_constructor_invalidSplitDepth_reverts", "not-opened"),
    "open/parameters-split-of-one": Fact("testFuzz_constructor_lowSplitDepth_reverts", "not-opened"),
    "open/parameters-too-deep": Fact("testFuzz_constructor_maxDepthTooLarge_reverts", "not-opened"),
    "open/parameters-two-extensions-exceed-the-clock": Fact(
        "testFuzz_constructor_clockExtensionTooLong_reverts", "not-opened"
    ),
}

SOLVER: Final[Mapping[str, Fact]] = {
    f"solver/{slug}": Fact(source, advice=advice)
    for slug, source, advice in (
        ("false-root-is-attacked", "AttackRootClaim", ("attack 0",)),
        ("true-root-is-left-alone", "DoNotAttackCorrectRootClaim_AgreeWithOutputRoot", ()),
        ("no-move-twice", "DoNotPerformDuplicateMoves", ()),
        (
            "all-answers-are-countered", "RespondToAllClaimsAtDisagreeingLevel",
            ("defend 2", "defend 3", "attack 4", "attack 5", "attack 6", "attack 7"),
        ),
        ("poisoned-prestate", "PoisonedPreState", ("attack 2",)),
        (
            "freeloader-true-value-attacking", "Freeloader-ValidClaimAtInvalidAttackPosition",
            ("defend 2", "defend 3"),
        ),
        (
            "freeloader-false-value-attacking", "Freeloader-InvalidClaimAtInvalidAttackPosition",
            ("defend 2", "attack 3"),
        ),
        (
            "freeloader-false-value-defending", "Freeloader-InvalidClaimAtValidDefensePosition",
            ("defend 2", "attack 3"),
        ),
        (
            "freeloader-false-value-at-the-right-place", "Freeloader-InvalidClaimAtValidAttackPosition",
            ("attack 2", "attack 3"),
        ),
        (
            "freeloader-right-of-the-honest-answer", "Freeloader-InvalidClaimAtInvalidDefensePosition",
            ("attack 2",),
        ),
        (
            "freeloader-against-a-true-attack",
            "Freeloader-ValidClaimAtInvalidAttackPosition-RespondingToDishonestButCorrectAttack",
            ("defend 2", "defend 3"),
        ),
        ("freeloader-own-answer-is-kept", "Freeloader-DoNotCounterOwnClaim", ("defend 2",)),
        ("freeloader-goes-on", "Freeloader-ContinueDefendingAgainstFreeloader", ("defend 2", "attack 5")),
        ("freeloader-against-the-root", "Freeloader-FreeloaderCountersRootClaim", ("attack 0", "attack 1")),
    )
}  # fmt: skip

ROUNDS: Final[Mapping[str, Fact]] = {
    f"solver/{slug}-against-a-{truth}-root": Fact(f"TestMultipleRounds/{source}", status=status)
    for slug, source in (
        ("idle", "SingleRoot"), ("attack-true", "LinearAttackCorrect"), ("defend-true", "LinearDefendCorrect"),
        ("attack-false", "LinearAttackIncorrect"), ("defend-false", "LinearDefendInorrect"),
        ("defend-false-and-true", "LinearDefendIncorrectDefendCorrect"),
        ("attack-false-defend-true", "LinearAttackIncorrectDefendCorrect"),
    )
    for truth, status in (("true", "defender-wins"), ("false", "challenger-wins"))
}  # fmt: skip

FACTS: Final[Mapping[str, Fact]] = {**CONTRACT, **SOLVER, **ROUNDS}
