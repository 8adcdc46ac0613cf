import type { Host } from "../src/host/host.ts"

/** One line of the table. */
export type Measured = {
  readonly name: string
  /** `nbstacks`, or the peer that does the same. */
  readonly by: string
  /** The median of several runs, in seconds of wall time. */
  readonly seconds: number
  /** Of user and system time, the median too: what the machine's load changes little. 0 where a daemon works. */
  readonly cpuSeconds: number
  /** The most memory that the program's own process had, in megabytes; the highest of all runs. 0 where a daemon works. */
  readonly megabytes: number
  readonly runs: number
  /** What was aimed at, in the words of the table. */
  readonly goal?: string
  /** Other counts, such as requests. */
  readonly facts: Readonly<Record<string, number | string>>
}

/** What one run took. */
export type Run = {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly megabytes: number
  readonly output: string
}

export type Command = {
  readonly argv: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Runs a command and prints what it took as the last line of stdout. Times are of all that it started: the kernel
 * counts children that ended. Memory is its own process's alone, or a notebook's kernel would be all that is seen.
 */
const counter = `
import json, re, resource, subprocess, sys, time
start = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
kib = 0
while child.poll() is None:
    try:
        with open(f"/proc/{child.pid}/status") as status:
            most = re.search(r"VmHWM:\\s+(\\d+)", status.read())
        kib = max(kib, int(most.group(1)) if most else 0)
    except OSError:
        pass
    time.sleep(0.005 if time.monotonic() - start < 2 else 0.05)
took = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"code": child.returncode, "seconds": took, "cpu": used.ru_utime + used.ru_stime, "kib": kib}))
`

/** Runs a command once. Throws with what it printed when it fails. */
export async function measure(host: Host, { argv, cwd, env }: Command): Promise<Run> {
  const { stdout, stderr } = await host.run({
    argv: ["python3", "-c", counter, ...argv],
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    timeout: 3_600_000,
  })
  const used = JSON.parse(stdout || "{}") as { code?: number; seconds: number; cpu: number; kib: number }
  if (used.code !== 0) throw new Error(`${argv.join(" ")} ended with ${used.code}:\n${stderr.slice(-4000)}`)
  return { seconds: used.seconds, cpuSeconds: used.cpu, megabytes: used.kib / 1024, output: stderr }
}

/** Sums up runs of one thing. */
export function summary(
  what: Pick<Measured, "name" | "by"> & { readonly goal?: string; readonly facts?: Measured["facts"] },
  runs: readonly Run[],
): Measured {
  return {
    ...what,
    seconds: median(runs.map(({ seconds }) => seconds)),
    cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
    megabytes: Math.max(...runs.map(({ megabytes }) => megabytes)),
    runs: runs.length,
    facts: what.facts ?? {},
  }
}

/** Runs something so many times after one run that fills caches and is not counted. */
export async function repeated(times: number, run: () => Promise<Run>): Promise<readonly Run[]> {
  await run()
  const runs: Run[] = []
  for (let at = 0; at < times; at++) runs.push(await run())
  return runs
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
