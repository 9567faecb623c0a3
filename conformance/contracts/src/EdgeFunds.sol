// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {EdgeStore} from "./EdgeStore.sol";

/// Stakes come in, and go out once, to those who asked for it themselves.
abstract contract EdgeFunds is EdgeStore {
    function close(Mode to) external timed onlySettlement {
        if (mode != Mode.Open || to == Mode.Open) revert Refused("mode");
        if (to == Mode.Normal && !decided) revert Refused("not-confirmed");
        mode = to;
    }

    /// Normally the winner's stake is the one in escrow, whoever put it there; by refund, each gets its own.
    function refund(bytes32 name) external timed {
        Edge storage edge = known(name);
        if (mode == Mode.Open) revert Refused("mode");
        if (!edge.opensLevel) revert Refused("no-stake");
        if (edge.refunded) revert Refused("already-refunded");
        if (mode == Mode.Normal && !edge.confirmed) revert Refused("not-confirmed");
        edge.refunded = true;
        if (mode == Mode.Normal || rivalries[edge.mutual].first == name) ledger.escrow -= edge.stake;
        else ledger.pool -= edge.stake;
        owe(edge.mover, edge.stake);
    }

    /// `via` is the useful edge above; zero for the root of the winner.
    function reimburse(bytes32 name, bytes32 via) external timed {
        Edge storage edge = known(name);
        if (via != 0) known(via);
        if (mode != Mode.Normal) revert Refused("mode");
        if (edge.useful) revert Refused("already-useful");
        if (!isUseful(name, via)) revert Refused("not-useful");
        uint256 amount = levels[edge.level].reimbursement;
        if (ledger.pool < amount) revert Refused("pool-too-low");
        edge.useful = true;
        ledger.pool -= amount;
        owe(edge.mover, amount);
    }

    function withdraw() external timed {
        uint256 amount = credits[msg.sender];
        if (amount == 0) revert Refused("nothing-owed");
        credits[msg.sender] = 0;
        ledger.owed -= amount;
        ledger.paid += amount;
        (bool taken,) = msg.sender.call{value: amount}("");
        if (!taken) revert Refused("recipient-refused");
    }

    function isUseful(bytes32 name, bytes32 via) private view returns (bool) {
        Edge storage edge = edges[name];
        if (via == 0) return edge.level == 0 && edge.opensLevel && edge.claim == winner && edge.confirmed;
        Edge storage above = edges[via];
        if (!above.useful) return false;
        if (edge.opensLevel && edge.claim == via) return edge.confirmed;
        return name == above.lower || name == above.upper;
    }

    function owe(address account, uint256 amount) private {
        if (credits[account] == 0 && amount != 0) creditors.push(account);
        credits[account] += amount;
        ledger.owed += amount;
    }
}
