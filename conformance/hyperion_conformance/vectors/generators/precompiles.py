"""Group precompiles: each precompiled contract at the edges of its input and of its price, in each fork."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from hyperion.primitives.hashing import keccak256
from hyperion.primitives.secp256k1 import ORDER, sign
from hyperion.vm.forks import fork_named
from hyperion_conformance.vectors.generators.assembly import FORKS, NEWEST, asm, vm_draft
from hyperion_conformance.vectors.record import Draft

GROUP: Final = "precompiles"
CALL: Final = "VM-precompile-call"

# Curves: moduli, generators, orders (EIP-196, EIP-2537, EIP-7951).
BN_P: Final = 0x30644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD47
BN_N: Final = 0x30644E72E131A029B85045B68181585D2833E84879B9709143E1F593F0000001
BN_G1: Final = (1, 2)
BN_2G1: Final = (
    0x030644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD3,
    0x15ED738C0E0A7C92E7845F96B2AE9C0A68A6A449E3538FC7FF3EBF7A5A18A2C4,
)
BN_G2: Final = (
    0x198E9393920D483A7260BFB731FB5D25F1AA493335A9E71297E485B7AEF312C2,
    0x1800DEEF121F1E76426A00665E5C4479674322D4F75EDADD46DEBD5CD992F6ED,
    0x090689D0585FF075EC9E99AD690C3395BC4B313370B38EF355ACDADCD122975B,
    0x12C85EA5DB8C6DEB4AAB71808DCB408FE3D1E7690C43D37B4CE6CC0166FA7DAA,
)
BLS_P: Final = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16
)
BLS_N: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
BLS_G1: Final = (
    int("17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb", 16),
    int("08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1", 16),
)
BLS_G2: Final = (
    int("024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8", 16),
    int("13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e", 16),
    int("0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801", 16),
    int("0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be", 16),
)
P256_N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256_P: Final = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
# RFC 6979, appendix A.2.5: the message "sample" with SHA-256.
P256: Final = (
    0xAF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF,
    0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
    0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
    0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6,
    0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299,
)


def words(*values: int) -> bytes:
    """Numbers as words."""
    return b"".join(value.to_bytes(32, "big") for value in values)


def fields(*values: int) -> bytes:
    """Elements of the BLS field, in 64 bytes each."""
    return b"".join(value.to_bytes(64, "big") for value in values)


# Input of each: slug, bytes, and what is at stake. The rules of the precompile stand beside its address below.
Inputs = tuple[tuple[str, bytes, str], ...]


def ecrecover_inputs() -> Inputs:
    """Signatures that hold, and numbers out of range."""
    digest = keccak256(b"vector")
    parity, r, s = sign(digest, 0xBEEF)
    message = int.from_bytes(digest, "big")
    good = words(message, 27 + parity, r, s)
    return (
        ("valid", good, "gives the signer's address"),
        ("valid-with-more-bytes", good + b"\1" * 9, "bytes beyond 128 do not count"),
        ("cut-short", good[:-1], "missing bytes are zeros, which makes another signature"),
        ("empty", b"", "gives nothing, and still succeeds"),
        ("other-parity", words(message, 55 - (27 + parity), r, s), "names another key"),
        ("parity-29", words(message, 29, r, s), "v is 27 or 28"),
        ("parity-0", words(message, parity, r, s), "v is 27 or 28, not 0 or 1"),
        ("parity-beyond-byte", words(message, 27 + parity + 256, r, s), "v is a whole word"),
        ("high-s", words(message, 55 - (27 + parity), r, ORDER - s), "a high s is valid here"),
        ("r-zero", words(message, 27, 0, s), "r is at least 1"),
        ("s-zero", words(message, 27, r, 0), "s is at least 1"),
        ("r-order", words(message, 27, ORDER, s), "r is below the order"),
        ("s-order", words(message, 27, r, ORDER), "s is below the order"),
        ("no-such-point", words(message, 27, 5, s), "no point of the curve has x = 5"),
    )


def modexp_input(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
    """The input of MODEXP."""
    return words(len(base), len(exponent), len(modulus)) + base + exponent + modulus


def modexp_inputs() -> Inputs:
    """Lengths at their borders, and numbers with corner results."""
    return (
        ("small", modexp_input(b"\3", b"\5", b"\7"), "3**5 mod 7"),
        ("zero-modulus", modexp_input(b"\3", b"\5", b"\0"), "modulo 0 is 0"),
        ("modulus-one", modexp_input(b"\3", b"\0", b"\1"), "modulo 1 is 0, also of the power 0"),
        ("zero-exponent", modexp_input(b"\0", b"\0", b"\7"), "0**0 is 1"),
        ("empty", b"", "all lengths are 0: no output"),
        ("no-modulus", modexp_input(b"\3", b"\5", b""), "no output"),
        ("no-base", modexp_input(b"", b"\5", b"\7"), "the base is 0"),
        ("cut-short", modexp_input(b"\3", b"\5", b"\7" * 32)[:-20], "missing bytes are zeros"),
        ("fermat", modexp_input(b"\3", (ORDER - 1).to_bytes(32, "big"), ORDER.to_bytes(32, "big")), "is 1"),
        ("exponent-33-bytes", modexp_input(b"\2", b"\1" + bytes(32), b"\xff" * 32), "price by its first 32 bytes"),
        ("exponent-33-bytes-leading-zeros", modexp_input(b"\2", bytes(32) + b"\5", b"\xff" * 8),
        "first bytes are zero"),
        ("base-64-bytes", modexp_input(b"\xfe" * 64, b"\3", b"\xfd" * 64), "price by the square of words"),
        ("base-65-bytes", modexp_input(b"\xfe" * 65, b"\3", b"\xfd" * 64), "the longer one counts"),
        ("exponent-all-ones", modexp_input(b"\7", b"\xff" * 32, b"\xfb" * 32), "255 bits beyond the first"),
        ("even-modulus", modexp_input(b"\7", b"\xff", b"\0" * 7 + b"\x80"), "no odd modulus: Montgomery form fails"),
        ("length-1024", words(0, 0, 1024) + b"\5", "the bound of EIP-7823"),
        ("length-1025", words(0, 0, 1025) + b"\5", "one beyond the bound: fails from Osaka"),
        ("base-1025-nothing-else", words(1025, 0, 1), "each length has the bound"),
        ("huge-length", words(2**255, 0, 0), "a length that no gas pays for"),
        ("huge-base-no-modulus", words(2**64, 1, 0), "the price comes before any work"),
    )


def bn254_inputs() -> dict[int, Inputs]:
    """Points on and off the curve."""
    minus = (1, BN_P - 2)
    add: Inputs = (
        ("two-generators", words(*BN_G1, *BN_G1), "doubling"),
        ("opposites", words(*BN_G1, *minus), "the point at infinity"),
        ("infinity-and-point", words(0, 0, *BN_G1), "infinity is neutral"),
        ("empty", b"", "infinity twice"),
        ("cut-short", words(*BN_G1)[:-1], "missing bytes are zeros: a point off the curve"),
        ("one-point", words(*BN_G1), "the second is infinity"),
        ("off-curve", words(1, 1, 0, 0), "fails"),
        ("coordinate-is-modulus", words(BN_P, 0, 0, 0), "a coordinate must be below the modulus"),
        ("longer", words(*BN_G1, *BN_2G1) + b"\xff", "more bytes do not count"),
    )
    mul: Inputs = (
        ("by-two", words(*BN_G1, 2), "doubling"), ("by-zero", words(*BN_G1, 0), "infinity"),
        ("by-order", words(*BN_G1, BN_N), "infinity"), ("by-greatest", words(*BN_G1, 2**256 - 1),
        "any word is a scalar"),
        ("infinity", words(0, 0, 5), "stays"), ("off-curve", words(1, 3, 1), "fails"), ("empty", b"", "infinity"),
        ("scalar-cut-short", words(*BN_G1) + b"\1", "missing bytes are zeros below"),
    )  # fmt: skip
    pair = words(*BN_G1, *BN_G2)
    pairing: Inputs = (
        ("empty", b"", "the empty product is one"), ("one-pair", pair, "is not one"),
        ("opposites", pair + words(*minus, *BN_G2), "is one"),
        ("with-infinity", words(0, 0, *BN_G2), "is one"), ("infinities", bytes(192), "is one"),
        ("not-a-multiple", pair[:-1], "fails"), ("g1-off-curve", words(1, 3, *BN_G2), "fails"),
        ("g2-off-curve", words(1, 2, BN_G2[0], BN_G2[1], BN_G2[2], 1), "fails"),
        ("g2-order-of-parts", words(1, 2, BN_G2[1], BN_G2[0], BN_G2[3], BN_G2[2]), "the imaginary part stands first"),
        ("coordinate-is-modulus", words(1, 2, BN_P, BN_G2[1], BN_G2[2], BN_G2[3]), "fails"),
    )  # fmt: skip
    return {6: add, 7: mul, 8: pairing}


def blake2f_inputs() -> Inputs:
    """Rounds, flags and lengths."""
    state = bytes.fromhex(
        "48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
        "d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b"
    )
    body = state + b"abc".ljust(128, b"\0") + (3).to_bytes(8, "little") + bytes(8)

    def rounds(number: int, flag: bytes = b"\1") -> bytes:
        return number.to_bytes(4, "big") + body + flag

    return (
        ("12-rounds", rounds(12), "the hash of abc"), ("0-rounds", rounds(0), "costs nothing"),
        ("1-round", rounds(1), "one round"), ("not-last", rounds(12, b"\0"), "the flag is 0"),
        ("flag-2", rounds(12, b"\2"), "fails"), ("too-short", rounds(12)[:-1], "fails"),
        ("too-long", rounds(12) + b"\0", "fails"), ("empty", b"", "fails"),
        ("unpayable-rounds", rounds(2**32 - 1), "the price comes before the work"),
    )  # fmt: skip


def kzg_inputs() -> Inputs:
    """Constant polynomials, whose proof is the point at infinity."""
    infinity = b"\xc0" + bytes(47)
    generator = bytearray(BLS_G1[0].to_bytes(48, "big"))
    generator[0] |= 0x80
    one = bytes(generator)

    def claim(z: int, y: int, commitment: bytes, proof: bytes = infinity, version: bytes = b"\1") -> bytes:
        import hashlib

        versioned = version + hashlib.sha256(commitment).digest()[1:]
        return versioned + words(z, y) + commitment + proof

    return (
        ("zero-polynomial", claim(5, 0, infinity), "holds"),
        ("constant-one", claim(5, 1, one), "holds: the generator commits to 1"),
        ("wrong-value", claim(5, 2, one), "fails"),
        ("wrong-version", claim(5, 1, one, version=b"\2"), "fails"),
        ("wrong-hash", b"\1" + bytes(31) + claim(5, 1, one)[32:], "fails"),
        ("too-short", claim(5, 1, one)[:-1], "fails"), ("too-long", claim(5, 1, one) + b"\0", "fails"),
        ("z-not-canonical", claim(BLS_N, 1, one), "z is below the order"),
        ("y-not-canonical", claim(5, BLS_N + 1, one), "y is below the order"),
        ("proof-not-a-point", claim(5, 1, one, b"\x80" + bytes(47)), "fails"),
        ("empty", b"", "fails"),
    )  # fmt: skip


def bls_inputs() -> dict[int, Inputs]:
    """Points, padding, subgroups."""
    g1, g2 = fields(*BLS_G1), fields(*BLS_G2)
    minus = fields(BLS_G1[0], BLS_P - BLS_G1[1])
    padded = b"\1" + g1[1:]
    # On the curve y² = x³ + 4, but not of the order of the subgroup: (0, 2).
    outside = fields(0, 2)
    too_big = fields(BLS_P, BLS_G1[1])

    def binary(point: bytes) -> Inputs:
        zero = bytes(len(point))
        return (
            ("double", point + point, "doubling"), ("with-infinity", point + zero, "infinity is neutral"),
            ("infinities", zero + zero, "stay"), ("too-short", (point + point)[:-1], "fails"),
            ("too-long", point + point + b"\0", "fails"), ("empty", b"", "fails"),
            ("padding", b"\1" + (point + point)[1:], "the padding of a field element is zero"),
        )  # fmt: skip

    def product(point: bytes) -> Inputs:
        return (
            ("one-term", point + words(3), "a multiple"), ("two-terms", (point + words(3)) * 2, "a sum; the discount"),
            ("by-zero", point + words(0), "infinity"), ("by-order", point + words(BLS_N), "infinity"),
            ("by-greatest", point + words(2**256 - 1), "any word is a scalar"), ("empty", b"", "fails"),
            ("infinity", bytes(len(point)) + words(7), "stays"), ("too-short", (point + words(3))[:-1], "fails"),
        )  # fmt: skip

    return {
        0x0B: (
            *binary(g1), ("opposites", g1 + minus, "infinity"), ("coordinate-is-modulus", too_big + g1, "fails"),
            ("off-curve", fields(1, 1) + g1, "fails"), ("outside-subgroup", outside + g1, "is allowed in a sum"),
        ),
        0x0C: (*product(g1), ("outside-subgroup", outside + words(1), "fails"), ("padding", padded + words(1),
        "fails")),
        0x0D: (*binary(g2), ("off-curve", fields(1, 1, 1, 1) + g2, "fails")),
        0x0E: product(g2),
        0x0F: (
            ("opposites", g1 + g2 + minus + g2, "is one"), ("one-pair", g1 + g2, "is not one"), ("empty", b"", "fails"),
            ("with-infinity", bytes(128) + g2, "is one"), ("outside-subgroup", outside + g2, "fails"),
            ("not-a-multiple", (g1 + g2)[:-1], "fails"), ("parts-exchanged", g1 + g2[64:] + g2[:64], "fails"),
        ),
        0x10: (
            ("zero", fields(0), "maps to a point"), ("one", fields(1), "maps to a point"),
            ("greatest", fields(BLS_P - 1), "maps to a point"), ("modulus", fields(BLS_P), "fails"),
            ("too-short", fields(1)[:-1], "fails"), ("empty", b"", "fails"), ("padding", b"\1" + fields(1)[1:],
            "fails"),
        ),
        0x11: (
            ("zero", fields(0, 0), "maps to a point"), ("one", fields(1, 0), "maps to a point"),
            ("i", fields(0, 1), "maps to a point"), ("modulus", fields(BLS_P, 0), "fails"),
            ("too-long", fields(1, 0) + b"\0", "fails"), ("empty", b"", "fails"),
        ),
    }  # fmt: skip


def p256_inputs() -> Inputs:
    """The signature of RFC 6979, and near misses."""
    h, r, s, x, y = P256
    return (
        ("valid", words(*P256), "holds"), ("high-s", words(h, r, P256_N - s, x, y), "holds: s may be high"),
        ("wrong-hash", words(h ^ 1, r, s, x, y), "gives nothing"), ("r-zero", words(h, 0, s, x, y), "gives nothing"),
        ("s-zero", words(h, r, 0, x, y), "gives nothing"), ("r-order", words(h, P256_N, s, x, y), "gives nothing"),
        ("key-at-infinity", words(h, r, s, 0, 0), "gives nothing"), ("off-curve", words(h, r, s, x, x),
        "gives nothing"),
        ("x-is-modulus", words(h, r, s, P256_P, y), "gives nothing"), ("empty", b"", "gives nothing"),
        ("too-short", words(*P256)[:-1], "gives nothing"), ("too-long", words(*P256) + b"\0", "gives nothing"),
        ("other-key", words(h, r, s, x, P256_P - y), "gives nothing"),
    )  # fmt: skip


def byte_inputs() -> Inputs:
    """Lengths around the word."""
    return tuple(
        (f"{size}-bytes", bytes(range(1, size + 1)), "output, and the price by the begun word")
        for size in (0, 1, 31, 32, 33, 55, 56, 64, 65, 119, 120)
    )


@lru_cache(maxsize=1)
def inputs() -> dict[int, tuple[tuple[str, ...], Inputs]]:
    """For each address: its rules, and the inputs."""
    by_words, bls, bn = "VM-precompile-gas-by-words", bls_inputs(), bn254_inputs()
    msm, padding = "VM-precompile-bls12-msm-gas", "VM-precompile-bls12-padding"

    def named(*names: str) -> tuple[str, ...]:
        return tuple(f"VM-precompile-{name}" for name in names)

    return {
        1: (named("ecrecover"), ecrecover_inputs()),
        2: ((*named("sha256"), by_words), byte_inputs()),
        3: ((*named("ripemd160"), by_words), byte_inputs()),
        4: ((*named("identity"), by_words), byte_inputs()),
        5: (named("modexp"), modexp_inputs()),
        6: (named("bn254-add"), bn[6]),
        7: (named("bn254-mul"), bn[7]),
        8: (named("bn254-pairing", "bn254-pairing-gas"), bn[8]),
        9: (named("blake2f", "blake2f-gas"), blake2f_inputs()),
        10: (named("point-evaluation"), kzg_inputs()),
        0x0B: ((*named("bls12-g1-add"), padding), bls[0x0B]),
        0x0C: ((*named("bls12-g1-msm"), msm, padding), bls[0x0C]),
        0x0D: ((*named("bls12-g2-add"), padding), bls[0x0D]),
        0x0E: ((*named("bls12-g2-msm"), msm, padding), bls[0x0E]),
        0x0F: ((*named("bls12-pairing", "bls12-pairing-gas"), padding), bls[0x0F]),
        0x10: ((*named("bls12-map-g1"), padding), bls[0x10]),
        0x11: ((*named("bls12-map-g2"), padding), bls[0x11]),
        0x100: (named("p256verify"), p256_inputs()),
    }


NAMES: Final = {
    1: "ecrecover", 2: "sha256", 3: "ripemd160", 4: "identity", 5: "modexp", 6: "bn254-add", 7: "bn254-mul",
    8: "bn254-pairing", 9: "blake2f", 10: "point-evaluation", 0x0B: "bls12-g1-add", 0x0C: "bls12-g1-msm",
    0x0D: "bls12-g2-add", 0x0E: "bls12-g2-msm", 0x0F: "bls12-pairing", 0x10: "bls12-map-g1", 0x11: "bls12-map-g2",
    0x100: "p256verify",
}  # fmt: skip


def forward(address: int, gas: int | str = "GAS") -> bytes:
    """Code that gives its call data to ``address`` and returns success, gas spent and the output."""
    return asm(
        "CALLDATASIZE", 0, 0, "CALLDATACOPY", "GAS", 0, 0, "CALLDATASIZE", 0, address, gas, "STATICCALL", "GAS",
        "SWAP1", 0, "MSTORE", "SWAP1", "SUB", 32, "MSTORE", "RETURNDATASIZE", 0, 64, "RETURNDATACOPY",
        "RETURNDATASIZE", 64, "ADD", 0, "RETURN",
    )  # fmt: skip


def chosen(address: int, fork: str, given: Inputs) -> Inputs:
    """All inputs in the newest fork, and where the price is another; the first elsewhere, to see that it is there."""
    return given if fork == NEWEST or address == 5 else given[:1]


def drafts(seed: int, count: int) -> Iterator[Draft]:
    """All cases of the group."""
    del seed, count
    for address, (rules, given) in inputs().items():
        name = NAMES[address]
        for fork in FORKS:
            more: tuple[str, ...] = ()
            if address == 5:
                osaka = fork == "OSAKA"
                more = (f"VM-precompile-modexp-gas-{7883 if osaka else 2565}",)
                more = (*more, "VM-precompile-modexp-bounds") if osaka else more
            for slug, data, why in chosen(address, fork, given):
                yield vm_draft(
                    GROUP, f"{name}-{slug}-{fork.lower()}", f"{name}, {slug.replace('-', ' ')}: {why}.",
                    (CALL, *rules, *more), forward(address), fork, gas=3_000_000, calldata=data,
                )  # fmt: skip
            yield from borders(address, fork, (CALL, *rules, *more), given[0][1])


def borders(address: int, fork: str, rules: tuple[str, ...], data: bytes) -> Iterator[Draft]:
    """Exactly the price, and one gas less."""
    known = fork_named(fork)
    precompile = None if known is None else known.precompiles.get(address)
    if precompile is None:
        return
    price = precompile.gas(data)
    for slug, gas in (("least-gas", price), ("one-gas-short", price - 1)):
        if gas >= 0:
            yield vm_draft(
                GROUP, f"{NAMES[address]}-{slug}-{fork.lower()}",
                "The price is paid to the last unit before the work; a frame that can't pay it loses all its gas.",
                rules, forward(address, gas), fork, gas=3_000_000, calldata=data,
            )  # fmt: skip
