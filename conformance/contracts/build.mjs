// Compiles src/ to artifacts/EdgeGame.json: `node build.mjs`; with --check, says whether that file is what comes out.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "artifacts", "EdgeGame.json");
const names = readdirSync(join(here, "src")).sort();
const input = {
  language: "Solidity",
  sources: Object.fromEntries(names.map((name) => [name, { content: readFileSync(join(here, "src", name), "utf8") }])),
  settings: {
    evmVersion: "cancun",
    viaIR: true,
    optimizer: { enabled: true, runs: 200 },
    metadata: { bytecodeHash: "none", appendCBOR: false },
    outputSelection: { "EdgeGame.sol": { EdgeGame: ["evm.bytecode.object", "evm.methodIdentifiers"] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
for (const { formattedMessage } of output.errors ?? []) process.stderr.write(formattedMessage);
if (!output.contracts) process.exit(1);
const { bytecode, methodIdentifiers } = output.contracts["EdgeGame.sol"].EdgeGame.evm;
const artifact = { compiler: solc.version(), settings: input.settings, methods: methodIdentifiers, bytecode: bytecode.object };
delete artifact.settings.outputSelection;
const text = `${JSON.stringify(artifact, null, 1)}\n`;
if (process.argv.includes("--check")) {
  const same = readFileSync(target, "utf8") === text;
  process.stdout.write(same ? "as committed\n" : "not as committed\n");
  process.exit(same ? 0 : 1);
}
writeFileSync(target, text);
process.stdout.write(`EdgeGame: ${bytecode.object.length / 2} bytes of creation code\n`);
