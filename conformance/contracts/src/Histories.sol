// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// History commitments, checked: one root binds the states 0 … h of a trace and the height h.
/// A history is a mountain range of perfect trees, one for each one-bit of its number of states.
library Histories {
    /// The most trees that a range of up to 2**64 leaves has, and one more while they are joined.
    uint256 private constant MOST_TREES = 66;

    struct Range {
        uint256 count;
        uint256[MOST_TREES] levels;
        bytes32[MOST_TREES] trees;
    }

    function leaf(bytes32 state) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0), state));
    }

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x01), left, right));
    }

    function single(bytes32 state) internal pure returns (bytes32) {
        return sealedRoot(0, leaf(state));
    }

    function sealedRoot(uint256 height, bytes32 folded) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x02), uint64(height), folded));
    }

    /// Folds the range from its smallest tree up.
    function rootOf(uint256 height, Range memory range) private pure returns (bytes32) {
        bytes32 folded = range.trees[range.count - 1];
        for (uint256 at = range.count - 1; at > 0; at--) {
            folded = node(range.trees[at - 1], folded);
        }
        return sealedRoot(height, folded);
    }

    /// Appends a tree that is at most as large as the last one; equals are joined, as in a carry.
    function append(Range memory range, uint256 level, bytes32 tree) private pure {
        while (range.count > 0 && range.levels[range.count - 1] == level) {
            range.count--;
            tree = node(range.trees[range.count], tree);
            level++;
        }
        range.levels[range.count] = level;
        range.trees[range.count] = tree;
        range.count++;
    }

    /// The level of the largest tree that may stand at leaf `start` in a range of `end` leaves.
    function levelAt(uint256 start, uint256 end) private pure returns (uint256 level) {
        while (start & ((2 << level) - 1) == 0 && start + (2 << level) <= end) {
            level++;
        }
    }

    /// Whether `proof` shows that the history of the first root and height begins that of the second: the trees of the
    /// beginning, then those that follow, each as large as its place allows.
    function isPrefix(bytes32 root, uint256 height, bytes32 whole, uint256 wholeHeight, bytes32[] calldata proof)
        internal
        pure
        returns (bool)
    {
        if (height > wholeHeight || wholeHeight > type(uint64).max) return false;
        Range memory range;
        uint256 used;
        uint256 start;
        while (start <= height) {
            if (used == proof.length) return false;
            uint256 level = levelAt(start, height + 1);
            append(range, level, proof[used++]);
            start += 1 << level;
        }
        if (rootOf(height, range) != root) return false;
        while (start <= wholeHeight) {
            if (used == proof.length) return false;
            uint256 level = levelAt(start, wholeHeight + 1);
            append(range, level, proof[used++]);
            start += 1 << level;
        }
        return used == proof.length && rootOf(wholeHeight, range) == whole;
    }

    /// Whether `proof` shows that the history has `state` at `index`: siblings from the leaf up, then the other trees.
    function includes(bytes32 root, uint256 height, uint256 index, bytes32 state, bytes32[] calldata proof)
        internal
        pure
        returns (bool)
    {
        if (index > height || height > type(uint64).max) return false;
        Range memory range;
        uint256 start;
        uint256 others;
        bool found;
        while (start <= height) {
            uint256 level = levelAt(start, height + 1);
            if (index >= start && index < start + (1 << level)) {
                if (proof.length < level) return false;
                range.trees[range.count] = climbed(index - start, level, state, proof);
                others = level;
                found = true;
            }
            range.levels[range.count++] = level;
            start += 1 << level;
        }
        if (!found || proof.length != others + range.count - 1) return false;
        for (uint256 at = 0; at < range.count; at++) {
            if (range.levels[at] != others) range.trees[at] = proof[others + at - (range.levels[at] < others ? 1 : 0)];
        }
        return rootOf(height, range) == root;
    }

    /// The root of a perfect tree from the leaf at `index` and its siblings.
    function climbed(uint256 index, uint256 level, bytes32 state, bytes32[] calldata proof)
        private
        pure
        returns (bytes32 tree)
    {
        tree = leaf(state);
        for (uint256 depth = 0; depth < level; depth++) {
            tree = (index >> depth) & 1 == 1 ? node(proof[depth], tree) : node(tree, proof[depth]);
        }
    }
}
