// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {EdgeStore} from "./EdgeStore.sol";
import {Histories} from "./Histories.sol";

/// How edges come to be: an assertion joins, a level is opened, an edge is cut.
abstract contract EdgeMoves is EdgeStore {
    function admit(bytes32 claim, bytes32 state) external timed playing onlySettlement {
        if (mode != Mode.Open || decided) revert Refused("decided");
        if (claims[claim].exists) revert Refused("claim-exists");
        claims[claim] = Claim(state, lastTime, true);
        claimNames.push(claim);
        join(contest, claim);
    }

    function createRoot(
        bytes32 claim,
        bytes32 endRoot,
        bytes32[] calldata prefixProof,
        bytes32[] calldata endProof
    ) external payable timed playing {
        if (decided) revert Refused("decided");
        if (!claims[claim].exists) revert Refused("unknown-claim");
        if (!contest.rivalled) revert Refused("claim-unrivalled");
        uint256 steps = 1 << levels[0].height;
        if (!Histories.includes(endRoot, steps, steps, claims[claim].state, endProof)) revert Refused("end-proof");
        open(0, origin, claim, start, endRoot, prefixProof);
    }

    struct Step {
        bytes32 edge;
        bytes32 beforeState;
        bytes32[] beforeProof;
        bytes32 afterState;
        bytes32[] afterProof;
    }

    function refine(
        Step calldata step,
        bytes32 endRoot,
        bytes32[] calldata prefixProof,
        bytes32[] calldata endProof
    ) external payable timed playing {
        Edge storage edge = known(step.edge);
        uint256 level = uint256(edge.level) + 1;
        if (level >= levels.length) revert Refused("last-level");
        requireContested(edge);
        requireEnds(edge, step);
        uint256 steps = 1 << levels[level].height;
        if (!Histories.includes(endRoot, steps, steps, step.afterState, endProof)) revert Refused("end-proof");
        open(level, edge.mutual, step.edge, step.beforeState, endRoot, prefixProof);
    }

    /// A root of a level: a whole history that begins in the state `from`. The first stake on a question is held for
    /// the winner, a later one goes to the pool.
    function open(
        uint256 level,
        bytes32 question,
        bytes32 claim,
        bytes32 from,
        bytes32 endRoot,
        bytes32[] calldata prefixProof
    ) private {
        if (msg.value != levels[level].stake) revert Refused("stake");
        uint256 steps = 1 << levels[level].height;
        bytes32 root = Histories.single(from);
        if (!Histories.isPrefix(root, 0, endRoot, steps, prefixProof)) revert Refused("prefix-proof");
        bytes32 mutual = mutualId(level, question, 0, root, steps);
        bytes32 name = edgeId(mutual, endRoot);
        if (edges[name].mutual != 0) revert Refused("edge-exists");
        ledger.deposited += msg.value;
        if (rivalries[mutual].exists) ledger.pool += msg.value;
        else ledger.escrow += msg.value;
        Edge storage edge = place(name, mutual, level, question, root, endRoot);
        edge.endHeight = uint64(steps);
        edge.claim = claim;
        edge.opensLevel = true;
        edge.stake = uint96(msg.value);
    }

    function place(bytes32 name, bytes32 mutual, uint256 level, bytes32 question, bytes32 startRoot, bytes32 endRoot)
        private
        returns (Edge storage edge)
    {
        edge = edges[name];
        (edge.mutual, edge.origin, edge.startRoot, edge.endRoot) = (mutual, question, startRoot, endRoot);
        (edge.level, edge.created, edge.mover) = (uint8(level), lastTime, msg.sender);
        edgeNames.push(name);
        join(rivalries[mutual], name);
    }

    function bisect(bytes32 name, bytes32 middleRoot, bytes32[] calldata proof) external timed playing {
        Edge storage edge = known(name);
        requireContested(edge);
        if (edge.lower != 0) revert Refused("already-bisected");
        if (edge.endHeight - edge.startHeight < 2) revert Refused("single-step");
        uint256 middle = bisectionHeight(edge.startHeight, edge.endHeight);
        if (!Histories.isPrefix(middleRoot, middle, edge.endRoot, edge.endHeight, proof)) {
            revert Refused("prefix-proof");
        }
        bytes32 lower = half(edge, edge.startHeight, edge.startRoot, middle, middleRoot);
        bytes32 upper = half(edge, middle, middleRoot, edge.endHeight, edge.endRoot);
        (edge.lower, edge.upper) = (lower, upper);
    }

    /// One half of an edge. One that is there already is shared, whoever made it.
    function half(Edge storage edge, uint256 startHeight, bytes32 startRoot, uint256 endHeight, bytes32 endRoot)
        private
        returns (bytes32 name)
    {
        bytes32 mutual = mutualId(edge.level, edge.origin, startHeight, startRoot, endHeight);
        name = edgeId(mutual, endRoot);
        if (edges[name].mutual != 0) return name;
        Edge storage made = place(name, mutual, edge.level, edge.origin, startRoot, endRoot);
        (made.startHeight, made.endHeight) = (uint64(startHeight), uint64(endHeight));
    }

    /// The height strictly inside which the highest power of two divides: the bits that the last height inside shares
    /// with the start, and the first in which it differs.
    function bisectionHeight(uint256 from, uint256 to) public pure returns (uint256) {
        uint256 differing = from ^ (to - 1);
        uint256 bit = 0;
        while (differing >> (bit + 1) != 0) bit++;
        return ((to - 1) >> bit) << bit;
    }

    /// Somebody has to deny an edge that is taken apart, and nobody may have won.
    function requireContested(Edge storage edge) internal view {
        Rivalry storage rivalry = rivalries[edge.mutual];
        if (!rivalry.rivalled) revert Refused("unrivalled");
        if (edge.confirmed) revert Refused("already-confirmed");
        if (rivalry.confirmed != 0) revert Refused("rival-confirmed");
    }

    /// Who speaks of a single step names the states before and after it, and shows them.
    function requireEnds(Edge storage edge, Step calldata step) internal view {
        if (edge.endHeight - edge.startHeight != 1) revert Refused("not-single-step");
        uint256 height = edge.startHeight;
        if (!Histories.includes(edge.startRoot, height, height, step.beforeState, step.beforeProof)) {
            revert Refused("start-proof");
        }
        height = edge.endHeight;
        if (!Histories.includes(edge.endRoot, height, height, step.afterState, step.afterProof)) {
            revert Refused("end-proof");
        }
    }
}
