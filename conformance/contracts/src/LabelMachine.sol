// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// A machine to dispute about: a state is the hash of a counter and a label; a step counts on and keeps the label.
library LabelMachine {
    /// The state after `stride` steps, if the witness (counter, label) opens the one before; false if it does not.
    function step(bytes32 state, uint256 stride, bytes32[] calldata witness) internal pure returns (bool, bytes32) {
        if (witness.length != 2 || uint256(witness[0]) > type(uint64).max) return (false, 0);
        if (keccak256(abi.encode(witness[0], witness[1])) != state) return (false, 0);
        return (true, keccak256(abi.encode(uint256(witness[0]) + stride, witness[1])));
    }
}
