// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {EdgeConfirmation} from "./EdgeConfirmation.sol";
import {EdgeFunds} from "./EdgeFunds.sol";

/// One contest between assertions with the same parent. Who deploys it is the settlement contract.
contract EdgeGame is EdgeConfirmation, EdgeFunds {
    /// Inequalities that the parameters violate, a bit each.
    error Unsafe(uint256 violations);

    struct Figures {
        uint64 threshold;
        uint64 censorship;
        uint64 reaction;
        uint64 slot;
        uint96 costOfMove;
        uint64 resourceRatio;
    }

    uint256 private constant NO_LEVELS = 1;
    uint256 private constant RATIO = 2;
    uint256 private constant SLOT = 4;
    uint256 private constant LAST_LEVEL = 8;
    uint256 private constant THRESHOLD = 16;
    uint256 private constant STAKES_FROM_BIT = 5;

    constructor(bytes32 origin_, bytes32 start_, Figures memory figures, Level[] memory levels_) {
        uint256 violations = violated(figures, levels_);
        if (violations != 0) revert Unsafe(violations);
        (origin, start, threshold) = (origin_, start_, figures.threshold);
        (lastTime, lastHeight) = (uint64(block.timestamp), uint64(block.number));
        for (uint256 at = 0; at < levels_.length; at++) levels.push(levels_[at]);
    }

    function violated(Figures memory figures, Level[] memory given) private pure returns (uint256 found) {
        if (given.length == 0) return NO_LEVELS;
        uint256 cuts = 0;
        for (uint256 at = 0; at < given.length; at++) {
            cuts += given[at].height;
            uint256 cost = given[at].reimbursement > figures.costOfMove ? given[at].reimbursement : figures.costOfMove;
            uint256 spent = (2 * uint256(given[at].height) + 2) * cost;
            if (100 * uint256(given[at].stake) < figures.resourceRatio * spent) found |= 1 << (STAKES_FROM_BIT + at);
            if (given[at].provable != (at + 1 == given.length)) found |= LAST_LEVEL;
        }
        uint256 turns = 2 * cuts + 2 * given.length + 2;
        uint256 late = figures.censorship + (uint256(figures.reaction) + figures.slot) * turns;
        if (figures.resourceRatio < 100) found |= RATIO;
        if (figures.slot < 1) found |= SLOT;
        if (figures.threshold <= late) found |= THRESHOLD;
    }

    // What the game remembers, as words for who reads it from outside.

    function head() external view returns (uint256[10] memory) {
        return [
            lastTime,
            lastHeight,
            uint256(mode),
            decided ? 1 : 0,
            uint256(winner),
            ledger.deposited,
            ledger.escrow,
            ledger.pool,
            ledger.owed,
            ledger.paid
        ];
    }

    function contestWords() external view returns (uint256[4] memory) {
        return [
            contest.exists ? 1 : 0, uint256(contest.first), contest.rivalled ? 1 : 0, uint256(contest.rivalledAt)
        ];
    }

    function names() external view returns (bytes32[] memory, bytes32[] memory, address[] memory) {
        return (edgeNames, claimNames, creditors);
    }

    function edgeWords(bytes32 name) external view returns (bytes32[17] memory words) {
        Edge storage edge = known(name);
        (words[0], words[1], words[3], words[5], words[6]) =
            (name, edge.mutual, edge.origin, edge.startRoot, bytes32(uint256(edge.endHeight)));
        (words[2], words[4], words[7]) = (bytes32(uint256(edge.level)), bytes32(uint256(edge.startHeight)), edge.endRoot);
        words[8] = bytes32(uint256(edge.created));
        words[9] = bytes32(uint256(uint160(edge.mover)));
        words[10] = bytes32(uint256(edge.opensLevel ? 1 : 0));
        (words[11], words[12], words[13]) = (edge.claim, bytes32(uint256(edge.stake)), edge.lower);
        (words[14], words[15]) = (edge.upper, bytes32(uint256(edge.timer)));
        words[16] = bytes32(uint256((edge.confirmed ? 1 : 0) | (edge.useful ? 2 : 0) | (edge.refunded ? 4 : 0)));
    }

    function rivalryWords(bytes32 mutual) external view returns (uint256[5] memory) {
        Rivalry storage found = rivalries[mutual];
        return [
            uint256(mutual), uint256(found.first), found.rivalled ? 1 : 0, uint256(found.rivalledAt), uint256(found.confirmed)
        ];
    }

    function claimWords(bytes32 claim) external view returns (uint256[3] memory) {
        return [uint256(claim), uint256(claims[claim].state), uint256(claims[claim].created)];
    }

    function credit(address account) external view returns (uint256) {
        return credits[account];
    }
}
