// bench.mjs REDIS_PORT COUNT CONCURRENCY noop|URL: a BullMQ queue of COUNT jobs, and one worker that
// does nothing for each, or sends a HEAD request below URL. One JSON line.
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { Pool } from "undici";

const [port, count, concurrency] = process.argv.slice(2, 5).map(Number);
const target = process.argv[5];
const redis = () => new Redis({ host: "127.0.0.1", port, maxRetriesPerRequest: null });
const own = redis();
const queue = new Queue("probes", { connection: redis() });
const site = target === "noop" ? null : new URL(target);
const pool = site && new Pool(site.origin, { connections: concurrency, pipelining: 1 });
const job = (n) => ({ name: "probe", data: { task: `1:D${n}R0.pdf`, url: `/D${1000 + n}R0.pdf`, tier: "frontier", cycle: 1,
  epoch: 1, prefix: "D", number: n, revision: 0, ext: ".pdf" }, opts: { removeOnComplete: true, removeOnFail: true } });

const publishMs = [];
for (let round = 0; round < 3; round++) {
  const began = performance.now();
  await queue.addBulk(Array.from({ length: 2000 }, (_, n) => job(n)));
  publishMs.push(performance.now() - began);
  await queue.obliterate({ force: true });
}
for (let n = 0; n < count; n += 2000)
  await queue.addBulk(Array.from({ length: Math.min(2000, count - n) }, (_, k) => job(n + k)));

// Seconds of CPU that Redis has used.
async function redisCpu() {
  const text = await own.info("cpu");
  return ["sys", "user"].reduce((sum, kind) => sum + Number(text.match(`used_cpu_${kind}:([0-9.]+)`)[1]), 0);
}

let done = 0, began = 0, cpu = null;
const redisBefore = await redisCpu();
const warm = Math.floor(count / 10);
await new Promise((resolve, reject) => {
  const worker = new Worker("probes", async ({ data }) => {
    if (!pool) return "miss";
    const { statusCode, body } = await pool.request({ path: data.url, method: "HEAD", reset: false });
    await body.dump();
    return statusCode === 404 || statusCode === 204 ? "miss" : "hit";
  }, { connection: redis(), concurrency });
  worker.on("completed", () => {
    if (++done === warm) [began, cpu] = [performance.now(), process.cpuUsage()];
    if (done === count) resolve();
  });
  worker.on("failed", (_, error) => reject(error));
});
const used = process.cpuUsage(cpu);
console.log(JSON.stringify({
  per_second: (count - warm) * 1000 / (performance.now() - began),
  cpu_us: (used.user + used.system) / (count - warm),
  redis_us: (await redisCpu() - redisBefore) * 1e6 / count,
  publish_ms: publishMs,
  peak_mb: process.resourceUsage().maxRSS / 1024,
}));
process.exit(0);
