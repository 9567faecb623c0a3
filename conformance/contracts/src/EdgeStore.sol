// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// What the game remembers, how it refuses, and how edges are named.
abstract contract EdgeStore {
    /// Why an event is refused, in words of at most 32 letters.
    error Refused(bytes32 reason);

    uint64 internal constant INFINITE = type(uint64).max;
    uint256 internal constant MUTUAL = 1;
    uint256 internal constant EDGE = 2;

    enum Mode {
        Open,
        Normal,
        Refund
    }

    struct Level {
        uint8 height;
        bool provable;
        uint96 stake;
        uint96 reimbursement;
    }

    struct Edge {
        bytes32 mutual;
        bytes32 origin;
        bytes32 startRoot;
        bytes32 endRoot;
        bytes32 claim;
        bytes32 lower;
        bytes32 upper;
        uint64 startHeight;
        uint64 endHeight;
        uint64 created;
        uint64 timer;
        address mover;
        uint8 level;
        bool opensLevel;
        bool confirmed;
        bool useful;
        bool refunded;
        uint96 stake;
    }

    struct Rivalry {
        bytes32 first;
        bytes32 confirmed;
        uint64 rivalledAt;
        bool exists;
        bool rivalled;
    }

    struct Claim {
        bytes32 state;
        uint64 created;
        bool exists;
    }

    struct Ledger {
        uint256 deposited;
        uint256 escrow;
        uint256 pool;
        uint256 owed;
        uint256 paid;
    }

    address public immutable settlement = msg.sender;
    bytes32 public origin;
    bytes32 public start;
    uint64 public threshold;
    Level[] public levels;

    uint64 public lastTime;
    uint64 public lastHeight;
    Mode public mode;
    bool public decided;
    bytes32 public winner;
    Ledger public ledger;
    Rivalry internal contest;
    bytes32[] internal claimNames;
    mapping(bytes32 => Claim) internal claims;
    bytes32[] internal edgeNames;
    mapping(bytes32 => Edge) internal edges;
    mapping(bytes32 => Rivalry) internal rivalries;
    address[] internal creditors;
    mapping(address => uint256) internal credits;

    /// Time and height never go back. The moment of an event that is refused is forgotten with it.
    modifier timed() {
        if (block.timestamp < lastTime || block.number < lastHeight) revert Refused("time-backwards");
        (lastTime, lastHeight) = (uint64(block.timestamp), uint64(block.number));
        _;
    }

    /// A game that pays back what was deposited takes no more moves.
    modifier playing() {
        if (mode == Mode.Refund) revert Refused("mode");
        _;
    }

    modifier onlySettlement() {
        if (msg.sender != settlement) revert Refused("not-settlement");
        _;
    }

    function mutualId(uint256 level, bytes32 from, uint256 startHeight, bytes32 startRoot, uint256 endHeight)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(MUTUAL, level, from, startHeight, startRoot, endHeight));
    }

    function edgeId(bytes32 mutual, bytes32 endRoot) internal pure returns (bytes32) {
        return keccak256(abi.encode(EDGE, mutual, endRoot));
    }

    /// An edge that is there; every edge has a mutual id.
    function known(bytes32 name) internal view returns (Edge storage edge) {
        edge = edges[name];
        if (edge.mutual == 0) revert Refused("unknown-edge");
    }

    /// One answer more: the second ends the unrivalled time of the first, later ones change nothing.
    function join(Rivalry storage rivalry, bytes32 newcomer) internal {
        if (!rivalry.exists) {
            rivalry.exists = true;
            rivalry.first = newcomer;
        } else if (!rivalry.rivalled) {
            rivalry.rivalled = true;
            rivalry.rivalledAt = lastTime;
        }
    }

    function unrivalledTime(Rivalry storage rivalry, bytes32 name, uint64 created) internal view returns (uint256) {
        if (rivalry.first != name) return 0;
        return (rivalry.rivalled ? rivalry.rivalledAt : lastTime) - created;
    }
}
