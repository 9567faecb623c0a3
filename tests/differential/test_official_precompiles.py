"""The official vectors of the precompiled contracts and of KZG, all of them, output and gas.

Every precompile file of the archive is in ``FILES`` or the test fails, so a new file cannot be forgotten. Each control
is a precompile with one seeded fault, which the same comparison must catch.
"""

import json
import tarfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

import attrs
import ckzg
import pytest
import yaml  # type: ignore[import-untyped]

from hyperion.primitives import bls12_381 as bls
from hyperion.primitives import kzg, p256
from hyperion.primitives.curve import PointError
from hyperion.vm.fork import Eip
from hyperion.vm.precompile import Precompile, read_int
from hyperion.vm.precompiles import PRECOMPILES
from hyperion.vm.precompiles import bls12_381 as contracts
from hyperion.vm.precompiles.blake2f import blake2f
from hyperion.vm.precompiles.modexp import modexp

PRECOMPILE_ARCHIVE: Final = "precompile_vectors.tar.xz"
KZG_ARCHIVE: Final = "kzg_tests.tar.xz"


def precompile_of(name: str, since: Eip | None = None) -> Precompile:
    """The one precompile of that name; of several, the one that the EIP brought."""
    found = [p for p in PRECOMPILES if p.name == name and (since is None or p.since is since)]
    return found[0]


@attrs.frozen
class Vector:
    """One official case: ``expected`` is None where the precompile must fail."""

    name: str
    data: bytes
    expected: bytes | None
    gas: int | None


@attrs.frozen
class File:
    """Which precompile a file of vectors is about, and why its gas is not compared, if so."""

    precompile: Precompile
    gas_differs_because: str | None = None


OLD_MODEXP_GAS: Final = "the file has the prices of EIP-198, which no fork here has"
DRAFT_P256_GAS: Final = "the file has 3450, the price before EIP-7951 doubled it"

FILES: Final[dict[str, File]] = {
    "geth/ecRecover": File(precompile_of("ECREC")),
    "geth/modexp": File(precompile_of("MODEXP"), OLD_MODEXP_GAS),
    "geth/modexp_eip2565": File(precompile_of("MODEXP")),
    "geth/modexp_eip7883": File(precompile_of("MODEXP", Eip.MODEXP_GAS)),
    "geth/bn256Add": File(precompile_of("BN254_ADD")),
    "geth/bn256ScalarMul": File(precompile_of("BN254_MUL")),
    "geth/bn256Pairing": File(precompile_of("BN254_PAIRING")),
    "geth/blake2F": File(precompile_of("BLAKE2F")),
    "geth/fail-blake2f": File(precompile_of("BLAKE2F")),
    "geth/pointEvaluation": File(precompile_of("KZG_POINT_EVALUATION")),
    "geth/p256Verify": File(precompile_of("P256VERIFY")),
    "eip-2537/eip-7951_test-vectors": File(precompile_of("P256VERIFY"), DRAFT_P256_GAS),
    **{
        f"geth/{fail}bls{what}": File(precompile_of(f"BLS12_{name}"))
        for fail in ("", "fail-")
        for what, name in (
            ("G1Add", "G1ADD"),
            ("G1Mul", "G1MSM"),
            ("G1MultiExp", "G1MSM"),
            ("G2Add", "G2ADD"),
            ("G2Mul", "G2MSM"),
            ("G2MultiExp", "G2MSM"),
            ("Pairing", "PAIRING_CHECK"),
            ("MapG1", "MAP_FP_TO_G1"),
            ("MapG2", "MAP_FP2_TO_G2"),
        )
    },
    **{
        f"eip-2537/eip-2537_{fail}{what}_bls": File(precompile_of(f"BLS12_{name}"))
        for fail in ("", "fail-")
        for what, name in (
            ("add_G1", "G1ADD"),
            ("mul_G1", "G1MSM"),
            ("msm_G1", "G1MSM"),
            ("add_G2", "G2ADD"),
            ("mul_G2", "G2MSM"),
            ("pairing_check", "PAIRING_CHECK"),
            ("map_fp_to_G1", "MAP_FP_TO_G1"),
            ("map_fp2_to_G2", "MAP_FP2_TO_G2"),
        )
    },
    "eip-2537/eip-2537_fail-msm_G2_bls": File(precompile_of("BLS12_G2MSM")),
}


@cache
def vectors_of(archive: Path) -> dict[str, list[Vector]]:
    """The vectors of every file, by ``folder/stem``."""
    files: dict[str, list[Vector]] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            handle = tar.extractfile(member) if member.isfile() else None
            if handle is None:
                continue
            files[member.name.removeprefix("./").removesuffix(".json")] = [
                Vector(
                    case.get("Name", str(number)),
                    bytes.fromhex(case["Input"]),
                    bytes.fromhex(case["Expected"]) if "Expected" in case else None,
                    case.get("Gas"),
                )
                for number, case in enumerate(json.load(handle))
            ]
    return files


def disagreements(precompile: Precompile, vectors: Iterable[Vector], compare_gas: bool = True) -> list[str]:
    """What a precompile does otherwise than the vectors say: the suite, which the controls run too."""
    found = []
    for vector in vectors:
        gas, output = precompile.gas(vector.data), precompile.run(vector.data)
        if output != vector.expected:
            found.append(f"{vector.name}: output {output!r}, expected {vector.expected!r}")
        if compare_gas and vector.gas is not None and gas != vector.gas:
            found.append(f"{vector.name}: gas {gas}, expected {vector.gas}")
    return found


def test_every_file_of_the_archive_is_run(fixtures_dir: Path) -> None:
    assert set(vectors_of(fixtures_dir / PRECOMPILE_ARCHIVE)) == set(FILES)


@pytest.mark.rule(
    "VM-precompile-ecrecover",
    "VM-precompile-modexp",
    "VM-precompile-modexp-bounds",
    "VM-precompile-modexp-gas-2565",
    "VM-precompile-modexp-gas-7883",
    "VM-precompile-bn254-add",
    "VM-precompile-bn254-mul",
    "VM-precompile-bn254-pairing",
    "VM-precompile-bn254-pairing-gas",
    "VM-precompile-blake2f",
    "VM-precompile-blake2f-gas",
    "VM-precompile-point-evaluation",
    "VM-precompile-p256verify",
    "VM-precompile-bls12-padding",
    "VM-precompile-bls12-g1-add",
    "VM-precompile-bls12-g2-add",
    "VM-precompile-bls12-g1-msm",
    "VM-precompile-bls12-g2-msm",
    "VM-precompile-bls12-msm-gas",
    "VM-precompile-bls12-pairing",
    "VM-precompile-bls12-pairing-gas",
    "VM-precompile-bls12-map-g1",
    "VM-precompile-bls12-map-g2",
)
@pytest.mark.parametrize("name", sorted(FILES))
def test_official_vectors(name: str, fixtures_dir: Path, count_official: Callable[[str, int], None]) -> None:
    vectors = vectors_of(fixtures_dir / PRECOMPILE_ARCHIVE)[name]
    file = FILES[name]
    assert disagreements(file.precompile, vectors, compare_gas=file.gas_differs_because is None) == []
    count_official("precompile vectors", len(vectors))


@pytest.mark.parametrize("name", sorted(name for name, file in FILES.items() if file.gas_differs_because))
def test_gas_is_left_out_only_where_it_is_another_eips(name: str, fixtures_dir: Path) -> None:
    for vector in vectors_of(fixtures_dir / PRECOMPILE_ARCHIVE)[name]:
        if FILES[name].gas_differs_because == DRAFT_P256_GAS:
            assert vector.gas == 3_450
        else:
            assert vector.gas is not None and vector.gas != FILES[name].precompile.gas(vector.data)


# --- controls -------------------------------------------------------------------------------------------------------


def _g1_msm_without_subgroup_check(data: bytes) -> bytes | None:
    terms = [data[start : start + 160] for start in range(0, len(data), 160)]
    if len(data) == 0 or len(data) % 160:
        return None
    try:
        points = [bls.g1(contracts.unpadded(term[:128])) for term in terms]
    except PointError:
        return None
    return contracts.padded(bls.g1_msm(points, [int.from_bytes(term[128:], "big") for term in terms]))


def _g1_add_with_subgroup_check(data: bytes) -> bytes | None:
    try:
        points = [bls.g1_member(contracts.unpadded(data[start : start + 128])) for start in (0, 128)]
    except PointError:
        return None
    return contracts.padded(bls.g1_sum(*points)) if len(data) == 256 else None


def _map_without_padding_check(data: bytes) -> bytes | None:
    try:
        return contracts.padded(bls.map_fp_to_g1(data[16:])) if len(data) == 64 else None
    except PointError:
        return None


def _p256_without_high_s(data: bytes) -> bytes | None:
    return b"" if read_int(data, 64, 32) > p256.ORDER // 2 else precompile_of("P256VERIFY").run(data)


def _blake2f_with_any_flag(data: bytes) -> bytes | None:
    return blake2f(data[:-1] + bytes([data[-1] & 1])) if len(data) == 213 else None


FAULTS: Final[dict[str, tuple[str, Precompile]]] = {
    "no subgroup check in a product": (
        "geth/fail-blsG1MultiExp",
        attrs.evolve(precompile_of("BLS12_G1MSM"), run=_g1_msm_without_subgroup_check),
    ),
    "subgroup check in a sum": (
        "geth/blsG1Add",
        attrs.evolve(precompile_of("BLS12_G1ADD"), run=_g1_add_with_subgroup_check),
    ),
    "no check of padding": (
        "geth/fail-blsMapG1",
        attrs.evolve(precompile_of("BLS12_MAP_FP_TO_G1"), run=_map_without_padding_check),
    ),
    "high s refused": ("geth/p256Verify", attrs.evolve(precompile_of("P256VERIFY"), run=_p256_without_high_s)),
    "any flag accepted": ("geth/fail-blake2f", attrs.evolve(precompile_of("BLAKE2F"), run=_blake2f_with_any_flag)),
    "price of Prague in Osaka": ("geth/modexp_eip7883", precompile_of("MODEXP")),
    "a zero too few": (
        "geth/modexp_eip2565",
        attrs.evolve(precompile_of("MODEXP"), run=lambda data: (modexp(data) or b"")[1:]),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_control_a_seeded_fault_is_caught(fault: str, fixtures_dir: Path) -> None:
    name, broken = FAULTS[fault]
    assert disagreements(broken, vectors_of(fixtures_dir / PRECOMPILE_ARCHIVE)[name]) != []


@pytest.mark.parametrize("name", sorted(name for name in FILES if "fail-" not in name))
def test_control_a_price_off_by_one_is_caught(name: str, fixtures_dir: Path) -> None:
    """The outputs are those that the file expects, so that nothing but the price can be what is caught."""
    file = FILES[name]
    if file.gas_differs_because is None:
        vectors = vectors_of(fixtures_dir / PRECOMPILE_ARCHIVE)[name]
        outputs = {vector.data: vector.expected for vector in vectors}
        dearer = attrs.evolve(file.precompile, gas=lambda data: file.precompile.gas(data) + 1, run=outputs.get)
        found = disagreements(dearer, vectors)
        assert found != [] and all(": gas " in line for line in found)


# --- KZG ------------------------------------------------------------------------------------------------------------

Outcome = object
"""What a function gave, in the notation of the vectors; None if it refused its input."""


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _all_bytes(texts: list[str]) -> list[bytes]:
    return [_bytes(text) for text in texts]


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _hexes(parts: Iterable[Iterable[bytes]]) -> list[list[str]]:
    return [[_hex(item) for item in part] for part in parts]


@pytest.fixture(scope="session")
def setup() -> kzg.TrustedSetup:
    """The ceremony's setup, from the file beside the module."""
    return ckzg.load_trusted_setup(str(Path(kzg.__file__).with_name("kzg_trusted_setup.txt")), 0)


KzgFunction = Callable[[dict[str, Any], kzg.TrustedSetup], Outcome]

KZG_FUNCTIONS: Final[dict[str, KzgFunction]] = {
    "verify_kzg_proof": lambda i, s: kzg.verify_proof(
        _bytes(i["commitment"]), _bytes(i["z"]), _bytes(i["y"]), _bytes(i["proof"])
    ),
    "verify_blob_kzg_proof": lambda i, s: kzg.verify_blob_proof(
        _bytes(i["blob"]), _bytes(i["commitment"]), _bytes(i["proof"])
    ),
    "verify_blob_kzg_proof_batch": lambda i, s: kzg.verify_blob_proofs(
        _all_bytes(i["blobs"]), _all_bytes(i["commitments"]), _all_bytes(i["proofs"])
    ),
    "compute_challenge": lambda i, s: _hex(
        kzg.challenge(_bytes(i["blob"]), _bytes(i["commitment"])).to_bytes(32, "big")
    ),
    "blob_to_kzg_commitment": lambda i, s: _hex(kzg.commit(_bytes(i["blob"]), s)),
    "compute_kzg_proof": lambda i, s: [_hex(x) for x in kzg.compute_proof(_bytes(i["blob"]), _bytes(i["z"]), s)],
    "compute_blob_kzg_proof": lambda i, s: _hex(kzg.compute_blob_proof(_bytes(i["blob"]), _bytes(i["commitment"]), s)),
    "compute_cells": lambda i, s: [_hex(x) for x in kzg.compute_cells(_bytes(i["blob"]), s)],
    "compute_cells_and_kzg_proofs": lambda i, s: _hexes(kzg.compute_cells_and_proofs(_bytes(i["blob"]), s)),
    "recover_cells_and_kzg_proofs": lambda i, s: _hexes(
        kzg.recover_cells_and_proofs(i["cell_indices"], _all_bytes(i["cells"]), s)
    ),
    "verify_cell_kzg_proof_batch": lambda i, s: kzg.verify_cell_proofs(
        _all_bytes(i["commitments"]), i["cell_indices"], _all_bytes(i["cells"]), _all_bytes(i["proofs"]), s
    ),
}
NOT_RUN: Final = {"compute_verify_cell_kzg_proof_batch_challenge"}
"""An inner function of the batch verification, which the library does not offer."""


@cache
def kzg_cases(archive: Path) -> dict[str, dict[str, bytes]]:
    """The text of every case, by function and name."""
    cases: dict[str, dict[str, bytes]] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            handle = tar.extractfile(member) if member.isfile() else None
            if handle is not None:
                function, _, name, _ = member.name.removeprefix("./").split("/")
                cases.setdefault(function, {})[name] = handle.read()
    return cases


def kzg_disagreements(function: KzgFunction, cases: dict[str, bytes], setup: kzg.TrustedSetup) -> list[str]:
    """The cases that a function decides otherwise than the vectors."""
    found = []
    for name, text in cases.items():
        case = yaml.load(text, Loader=yaml.CSafeLoader)
        try:
            outcome = function(case["input"], setup)
        except kzg.KzgInputError:
            outcome = None
        if outcome != case["output"]:
            found.append(name)
    return found


def test_every_kzg_function_is_run(fixtures_dir: Path) -> None:
    assert set(kzg_cases(fixtures_dir / KZG_ARCHIVE)) == set(KZG_FUNCTIONS) | NOT_RUN


@pytest.mark.slow
@pytest.mark.rule(
    "PRIM-kzg-verify-proof",
    "PRIM-kzg-g1-encoding",
    "PRIM-kzg-verify-blob",
    "PRIM-kzg-blob-elements",
    "PRIM-kzg-challenge",
)
@pytest.mark.parametrize("name", sorted(KZG_FUNCTIONS))
def test_official_kzg_vectors(
    name: str, fixtures_dir: Path, setup: kzg.TrustedSetup, count_official: Callable[[str, int], None]
) -> None:
    cases = kzg_cases(fixtures_dir / KZG_ARCHIVE)[name]
    assert kzg_disagreements(KZG_FUNCTIONS[name], cases, setup) == []
    count_official("KZG vectors", len(cases))


def _verify_with_reduction(case: dict[str, Any], setup: kzg.TrustedSetup) -> Outcome:
    """Takes any 32 bytes for a field element, by reducing them."""
    z, y = (
        (int.from_bytes(x, "big") % kzg.FIELD_MODULUS).to_bytes(32, "big") if len(x) == 32 else x
        for x in (_bytes(case["z"]), _bytes(case["y"]))
    )
    return kzg.verify_proof(_bytes(case["commitment"]), z, y, _bytes(case["proof"]))


KZG_FAULTS: Final[dict[str, KzgFunction]] = {
    "always holds": lambda case, s: True,
    "false and refused confused": lambda case, s: KZG_FUNCTIONS["verify_kzg_proof"](case, s) or None,
    "field elements reduced": _verify_with_reduction,
}


@pytest.mark.parametrize("fault", KZG_FAULTS)
def test_control_kzg_faults_are_caught(fault: str, fixtures_dir: Path, setup: kzg.TrustedSetup) -> None:
    cases = kzg_cases(fixtures_dir / KZG_ARCHIVE)["verify_kzg_proof"]
    assert kzg_disagreements(KZG_FAULTS[fault], cases, setup) != []
