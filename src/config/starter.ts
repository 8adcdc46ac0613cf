/** What `init` writes. */
export type Starter = {
  /** The text of `nbstacks.yaml`. */
  readonly text: string
  /** The folder, below the tree's, whose locked `requirements.txt` the second image installs. */
  readonly environment: string
}

/**
 * A commented `nbstacks.yaml`: a Debian base and an environment on it. It works at once where `environment` holds a
 * locked `requirements.txt` with JupyterLab.
 */
export function starter(): Starter {
  return { text, environment }
}

const environment = "images/notebook"

const text = `# A tree of notebook images: \`nbstacks tree\` shows it, \`nbstacks build\` makes it.
version: 1

# Where \`nbstacks publish\` puts images, one repository each. Without it, in the local store.
# registry: ghcr.io/example-hub

# Platforms of images that have no parent here; children have their parent's.
# platforms: [linux/amd64]

# What every image has unless it says otherwise.
defaults:
  checks: {profile: jupyter}             # the server starts, and what is listed below works in it
  bytecode: all                          # starts faster, a fifth larger; \`none\` where nothing can compile

images:
  # A Debian root with Python, from this machine's apt sources, at the versions in nbstacks.lock.
  base:
    bootstrap: {suite: bookworm, packages: [python3, tini, ca-certificates]}
    checks: {profile: none}
    publish: never                       # a parent only, not tagged

  # JupyterLab on it. The folder holds a requirements.txt with exact versions and hashes, which becomes layers
  # directly. To change it, edit requirements.in, then run
  # \`uv pip compile --generate-hashes requirements.in -o requirements.txt\` in that folder.
  notebook:
    from: base
    environment: ${environment}
    checks:
      kernels: [python3]                 # in the menu, and runs a cell
      imports: [jupyterlab]              # imported in that kernel
      # notebooks: [${environment}/*.ipynb]   # run to their end

  # An image for each folder of classes/, each with a requirements.txt of its own:
  # classes:
  #   from: notebook
  #   matrix: {class: classes/*}
  #   name: "{class}"
  #   environment: classes/{class}
  #   publish: alone                     # a broken class stops no other

  # A Dockerfile on top. Its last FROM becomes the parent, however it is written:
  # custom:
  #   from: notebook
  #   dockerfile: images/custom/Dockerfile
`
