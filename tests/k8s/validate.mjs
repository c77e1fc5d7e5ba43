// Manifests against the schemas of their kinds, strictly.
//
//   node validate.mjs FOLDER FILE...      FOLDER has node_modules, made from package.json beside this file
//
// The compiled validators of kubernetes-models pass over fields they do not know. So each object is given to
// them behind a proxy that writes down what is read: a field that no validator read is unknown. Prints a line
// for each fault, then "N passed, M failed". Exit status 1 when one failed, 64 for wrong usage.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, ...files] = process.argv.slice(2);
if (!folder || files.length === 0) {
  console.error('usage: node validate.mjs FOLDER FILE...');
  process.exit(64);
}
const modules = path.resolve(folder, 'node_modules');
const load = (file) => import(pathToFileURL(path.join(modules, file)));
const { parseAllDocuments } = await load('yaml/dist/index.js').then((m) => m.default ?? m);

const CORE = 'kubernetes-models/_schemas/IoK8sApi';
const KINDS = {
  'v1': CORE + 'CoreV1',
  'apps/v1': CORE + 'AppsV1',
  'autoscaling/v2': CORE + 'AutoscalingV2',
  'batch/v1': CORE + 'BatchV1',
  'networking.k8s.io/v1': CORE + 'NetworkingV1',
  'policy/v1': CORE + 'PolicyV1',
  'scheduling.k8s.io/v1': CORE + 'SchedulingV1',
  'gateway.networking.k8s.io/v1': '@kubernetes-models/gateway-api/_schemas/IoK8sSigsGatewayApiApisV1',
  'keda.sh/v1alpha1': '@kubernetes-models/keda/_schemas/ComGithubKedacoreKedaV2ApisKedaV1alpha1',
  'monitoring.coreos.com/v1':
    '@kubernetes-models/prometheus-operator/_schemas/ComGithubPrometheusOperatorPrometheusOperatorPkgApisMonitoringV1',
};
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/; // of every kind used here

// Children first, so that what a validator sees is proxies all the way down.
function watched(value, at, read) {
  if (value === null || typeof value !== 'object') return value;
  const copy = Array.isArray(value) ? [] : {};
  for (const key of Object.keys(value)) copy[key] = watched(value[key], `${at}/${key}`, read);
  return new Proxy(copy, {
    get(target, key) {
      if (typeof key === 'string') read.add(`${at}/${key}`);
      return Reflect.get(target, key);
    },
  });
}

function* unread(value, at, read) {
  if (value === null || typeof value !== 'object') return;
  for (const key of Object.keys(value)) {
    const here = `${at}/${key}`;
    if (read.has(here)) yield* unread(value[key], here, read);
    else yield `${here} unknown field`;
  }
}

// What the schemas leave open.
function* rules(object) {
  if (!NAME.test(object.metadata?.name ?? '')) yield '/metadata/name is no name';
  for (const [i, metric] of (object.kind === 'HorizontalPodAutoscaler' ? object.spec?.metrics ?? [] : []).entries()) {
    const target = Object.values(metric).find((v) => v?.target)?.target;
    if (!['Utilization', 'Value', 'AverageValue'].includes(target?.type)) yield `/spec/metrics/${i} target type`;
  }
}

// Long values of a Secret are folded by kustomize; the schema wants base64 without white space.
function unfolded(object) {
  for (const key of Object.keys((object.kind === 'Secret' && object.data) || {}))
    object.data[key] = object.data[key].replace(/\s/g, '');
  return object;
}

async function faults(object) {
  let validate;
  try {
    ({ validate } = await load(`${KINDS[object.apiVersion]}${object.kind}.js`));
  } catch {
    return [`no schema for ${object.apiVersion} ${object.kind}`];
  }
  const read = new Set();
  const found = [];
  if (!validate(watched(unfolded(object), '', read)))
    found.push(...validate.errors.map((e) => `${e.instancePath} ${e.keyword} ${JSON.stringify(e.params)}`));
  return [...found, ...unread(object, '', read), ...rules(object)];
}

let passed = 0;
let failed = 0;
for (const file of files) {
  for (const document of parseAllDocuments(fs.readFileSync(file, 'utf8'), { uniqueKeys: true })) {
    const object = document.errors.length ? {} : document.toJS();
    if (object === null) continue;
    const found = document.errors.length ? [document.errors[0].message] : await faults(object);
    for (const fault of found) console.log(`${path.basename(file)}: ${object.kind} ${object.metadata?.name}: ${fault}`);
    if (found.length) failed++;
    else passed++;
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
