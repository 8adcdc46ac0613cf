import { join } from "node:path"
import { Readable } from "node:stream"
import { createGunzip } from "node:zlib"
import type { Host } from "../../src/host/host.ts"
import { digestOf, hasher, type Digest } from "../../src/oci/digest.ts"
import { emptyImage, withConfig, type Layer } from "../../src/oci/image.ts"
import type { RunConfig } from "../../src/oci/manifest.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { openLayout, type Layout } from "../../src/oci/store/layout/layout.ts"
import type { Location } from "../../src/oci/store/store.ts"
import { tarEnd, tarHeader, tarPadding, type TarHeader } from "../../src/oci/tar/header.ts"
import { writeImage } from "../../src/oci/write-image.ts"
import { environmentLabel } from "../../src/tree/labels.ts"

/** Rises when the files change, so that what was kept is made again. */
const version = 1

export type JupyterImages = AsyncDisposable & {
  /** A layout in a folder of its own. */
  readonly store: Layout
  /** A Debian root with Python, tini, user 1000:100 and JupyterLab in /opt/env; `change` alters its configuration. */
  image(change?: (config: RunConfig) => RunConfig, more?: readonly Layer[]): Promise<Location>
  /** The same without JupyterLab. */
  base(change?: (config: RunConfig) => RunConfig): Promise<Location>
}

/**
 * Images with a real Jupyter server. Their layers are made once, with mmdebstrap and pip, and kept in the user's cache
 * folder. Needs root.
 */
export async function jupyterImages(host: Host): Promise<JupyterImages> {
  const kept = join(host.machine.home, ".cache", "nbstacks-tests", `jupyter-${version}`)
  await host.files.makeDirectory(kept)
  {
    await using _alone = await host.files.lock(join(kept, "lock"), { timeout: 1_200_000 })
    await makeLayers(host, kept)
  }
  const base = await keptLayer(host, kept, "base")
  const environment = await keptLayer(host, kept, "environment")
  const folder = await host.files.makeTemporary("nbstacks-jupyter-")
  const store = openLayout(join(folder, "store"), host)
  const write = async (layers: readonly Layer[], change: (config: RunConfig) => RunConfig): Promise<Location> => {
    const plain = { ...emptyImage(`linux/${host.machine.architecture}`), layers }
    const image = withConfig(plain, () => change(usual))
    const { digest } = await writeImage(image, { store, repository: "jupyter" })
    return { store, repository: "jupyter", digest }
  }
  return {
    store,
    image: (change = same, more = []) => write([base, environment, ...more], change),
    base: (change = same) => write([base], change),
    [Symbol.asyncDispose]: () => host.files.remove(folder),
  }
}

const same = (config: RunConfig): RunConfig => config

const usual: RunConfig = {
  User: "1000:100",
  WorkingDir: "/home/jovyan",
  Entrypoint: ["/usr/bin/tini", "-g", "--"],
  Env: ["PATH=/opt/env/bin:/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"],
  Labels: { [environmentLabel]: JSON.stringify({ path: "/opt/env", kind: "venv", python: "3.11" }) },
}

async function makeLayers(host: Host, kept: string): Promise<void> {
  if ((await host.files.stat(join(kept, "environment.tar.gz"))) !== undefined) return
  const work = await host.files.makeTemporary("nbstacks-jupyter-")
  try {
    await must(host, { argv: ["sh", "-c", makeBase, "sh", join(work, "base.tar"), join(kept, "base.tar.gz")] })
    await must(host, { argv: ["sh", "-c", makeEnvironment, "sh", work, join(kept, "environment.tar.gz")] })
  } finally {
    await host.files.remove(work)
  }
}

const makeBase = `set -eu
mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,tini,ca-certificates \\
  --customize-hook='chroot "$1" useradd --create-home --uid 1000 --gid 100 --shell /bin/bash jovyan' \\
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$1"
gzip -1 -n <"$1" >"$2.part"
mv "$2.part" "$2"`

/** With this machine's own pip configuration and certificates, which the layer does not keep. */
const makeEnvironment = `set -eu
mkdir "$1/root"
tar -xf "$1/base.tar" -C "$1/root" --exclude='./dev/*'
bundle=/etc/ssl/certs/ca-certificates.crt
bwrap --bind "$1/root" / --dev /dev --proc /proc --tmpfs /tmp --ro-bind-try /etc/resolv.conf /etc/resolv.conf \\
  --ro-bind-try $bundle $bundle --ro-bind-try /etc/pip.conf /etc/pip.conf \\
  --ro-bind-try "$HOME/.config/pip" /tmp/pip --setenv XDG_CONFIG_HOME /tmp \\
  $(for place in \${PIP_FIND_LINKS:-}; do echo "--ro-bind-try $place $place"; done) \\
  sh -c 'python3 -m venv /opt/env && /opt/env/bin/pip install --quiet --no-cache-dir --no-compile jupyterlab ipykernel'
find "$1/root/opt/env" -name __pycache__ -prune -exec rm -rf {} +
tar -C "$1/root" --format=ustar --owner=0 --group=:100 --numeric-owner --mode=g+rwX --sort=name -cf - opt/env | gzip -1 -n >"$2.part"
mv "$2.part" "$2"`

async function must(host: Host, command: Parameters<Host["run"]>[0]): Promise<void> {
  const { code, stdout, stderr } = await host.run(command)
  if (code !== 0)
    throw new Error(`${command.argv[0]} ended with ${code}:\n${stdout.slice(-2000)}${stderr.slice(-4000)}`)
}

async function keptLayer(host: Host, kept: string, name: string): Promise<Layer> {
  const path = join(kept, `${name}.tar.gz`)
  const compressed = hasher()
  let size = 0
  for await (const chunk of host.files.stream(path)) {
    compressed.update(chunk)
    size += chunk.length
  }
  const inflated = hasher()
  for await (const chunk of Readable.from(host.files.stream(path)).pipe(createGunzip())) inflated.update(chunk)
  return {
    descriptor: { mediaType: mediaTypes.ociLayerGzip, digest: compressed.digest(), size },
    diffId: inflated.digest(),
    history: {},
    from: { open: () => host.files.stream(path) },
  }
}

/** A layer of a few small files, uncompressed. */
export function smallLayer(
  files: readonly (Partial<TarHeader> & { readonly path: string; readonly text?: string })[],
): Layer {
  const pieces = files.flatMap(({ text = "", ...header }) => {
    const bytes = Buffer.from(text)
    const full: TarHeader = { kind: "file", mode: 0o644, uid: 0, gid: 0, ...header, size: bytes.length }
    return [tarHeader(full), bytes, tarPadding(bytes.length)]
  })
  const bytes = Buffer.concat([...pieces, tarEnd])
  const digest: Digest = digestOf(bytes)
  return {
    descriptor: { mediaType: mediaTypes.ociLayer, digest, size: bytes.length },
    diffId: digest,
    history: {},
    from: {
      open: async function* () {
        yield bytes
      },
    },
  }
}

/** A cache folder that test runs share, so that each image is unpacked once. */
export function keptCache(host: Pick<Host, "machine">): string {
  return join(host.machine.home, ".cache", "nbstacks-tests", "cache")
}
