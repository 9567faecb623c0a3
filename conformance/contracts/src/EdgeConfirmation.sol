// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {EdgeMoves} from "./EdgeMoves.sol";
import {LabelMachine} from "./LabelMachine.sol";

/// How an edge wins: by proof, by its halves, by what stands for it, or by unrivalled time.
abstract contract EdgeConfirmation is EdgeMoves {
    function updateTimer(bytes32 name) external timed playing {
        raise(known(name), timerOf(name));
    }

    function updateTimerByClaim(bytes32 name, bytes32 claimant) external timed playing {
        Edge storage below = linked(name, claimant);
        raise(edges[name], bounded(ownTime(name) + below.timer));
    }

    function confirmByTime(bytes32 name) external timed playing {
        known(name);
        if (timerOf(name) < threshold) revert Refused("timer-too-low");
        confirm(name);
    }

    function confirmByChildren(bytes32 name) external timed playing {
        Edge storage edge = known(name);
        if (edge.lower == 0) revert Refused("no-children");
        if (!edges[edge.lower].confirmed || !edges[edge.upper].confirmed) revert Refused("child-not-confirmed");
        confirm(name);
    }

    function confirmByClaim(bytes32 name, bytes32 claimant) external timed playing {
        if (!linked(name, claimant).confirmed) revert Refused("claim-not-confirmed");
        confirm(name);
    }

    function confirmByOneStep(Step calldata step, bytes32[] calldata witness) external timed playing {
        Edge storage edge = known(step.edge);
        if (!levels[edge.level].provable) revert Refused("not-provable");
        requireEnds(edge, step);
        (bool fits, bytes32 next) = LabelMachine.step(step.beforeState, strideOf(edge.level), witness);
        if (!fits || next != step.afterState) revert Refused("step-proof");
        edge.timer = INFINITE;
        confirm(step.edge);
    }

    /// An assertion wins whose time, with that of any one root that stands for it, reaches the threshold.
    function decide(bytes32 name) external timed playing {
        Edge storage edge = known(name);
        if (edge.level != 0 || !edge.opensLevel) revert Refused("not-a-root");
        if (decided) revert Refused("decided");
        bytes32 rival = rivalries[edge.mutual].confirmed;
        if (rival != 0 && edges[rival].claim != edge.claim) revert Refused("rival-confirmed");
        uint256 total = timerOf(name) + unrivalledTime(contest, edge.claim, claims[edge.claim].created);
        if (total < threshold && !edge.confirmed) revert Refused("timer-too-low");
        (decided, winner) = (true, edge.claim);
    }

    /// The root of a lower level that stands for exactly this edge, not for a rival of it.
    function linked(bytes32 name, bytes32 claimant) private view returns (Edge storage below) {
        known(name);
        below = known(claimant);
        if (below.level == 0 || !below.opensLevel || below.claim != name) revert Refused("not-claimed");
    }

    function confirm(bytes32 name) private {
        Edge storage edge = edges[name];
        if (edge.confirmed) revert Refused("already-confirmed");
        Rivalry storage rivalry = rivalries[edge.mutual];
        if (rivalry.confirmed != 0) revert Refused("rival-confirmed");
        edge.confirmed = true;
        rivalry.confirmed = name;
    }

    /// A timer never falls, and an update that changes nothing is refused.
    function raise(Edge storage edge, uint256 earned) private {
        if (earned <= edge.timer) revert Refused("nothing-to-update");
        edge.timer = uint64(earned);
    }

    function bounded(uint256 time) private pure returns (uint256) {
        return time < INFINITE ? time : INFINITE;
    }

    function ownTime(bytes32 name) private view returns (uint256) {
        Edge storage edge = edges[name];
        return unrivalledTime(rivalries[edge.mutual], name, edge.created);
    }

    /// What an edge is credited if asked for now: at least what it was, its own time, and the younger half's.
    function timerOf(bytes32 name) private view returns (uint256) {
        Edge storage edge = edges[name];
        uint256 earned = ownTime(name);
        if (edge.lower != 0) {
            uint256 lower = edges[edge.lower].timer;
            uint256 upper = edges[edge.upper].timer;
            earned = bounded(earned + (lower < upper ? lower : upper));
        }
        return earned > edge.timer ? earned : edge.timer;
    }

    /// Steps of the machine in a step of a level.
    function strideOf(uint256 level) private view returns (uint256) {
        uint256 bits = 0;
        for (uint256 below = level + 1; below < levels.length; below++) bits += levels[below].height;
        return 1 << bits;
    }
}
