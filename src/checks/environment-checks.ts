import { readMerged, type Merged } from "../oci/merged.ts"
import type { RunnableImage } from "./image.ts"
import type { CheckJob } from "./job.ts"
import type { Check } from "./recorder.ts"
import type { Container } from "./runtime/runtime.ts"
import type { Verdict } from "./verdict.ts"
import { environmentHeaders, environmentPrefix, systemHeaders, tryToWrite } from "./writable.ts"

/** `container` is absent when none could be started: then only headers can be judged, and doing it has failed. */
export type EnvironmentContext = { readonly container: Container | undefined }

/** The environment is writable for gid 100, by its headers and by doing it; the system is not, by its headers. */
export function environmentChecks(image: RunnableImage, job: CheckJob): readonly Check<EnvironmentContext>[] {
  let merged: Promise<Merged> | undefined
  const read = (): Promise<Merged> => (merged ??= readMerged(image.image, { cache: job.headers, signal: job.signal }))
  return [
    {
      name: "the environment is writable",
      kind: "environment",
      async run({ container }) {
        const files = await read()
        const prefix = environmentPrefix(image, files)
        if (prefix === undefined) return noEnvironment
        const verdict = environmentHeaders(files, prefix)
        if (!verdict.passed) return verdict
        if (container === undefined) return { passed: false, message: "could not be run: no container started" }
        return await tryToWrite(container, prefix, job.signal)
      },
    },
    {
      name: "the system is not writable",
      kind: "system",
      async run() {
        const files = await read()
        return systemHeaders(files, environmentPrefix(image, files))
      },
    },
  ]
}

const noEnvironment: Verdict = {
  passed: false,
  message: "the image has no environment that its user could add to: neither a venv nor conda is on its PATH",
}
