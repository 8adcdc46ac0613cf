import { constantTime } from "../../oci/tar/header.ts"

/**
 * Compiles what comes on stdin and writes to stdout, importing nothing but what Python itself has loaded, so that the
 * state of the process is the same whatever is installed. In: for each file the lengths of its path and of its bytes
 * (4 bytes each, big endian), its path, its bytes. Out: for each file the length of its `.pyc`, then the `.pyc`; a length of 0 for
 * one that does not compile. The path is the one in the image: it stands in tracebacks. What does not compile is left
 * out as `compileall -q` does: test data, templates, Python 2.
 *
 * - The bytes are those of `py_compile` with `PycInvalidationMode.TIMESTAMP`, level 0: the same two calls.
 * - Memory is bounded, so that a hostile file is a `MemoryError` and not the machine's.
 */
export const program: string = `
import sys
if sys.path[:1] == [""]:
    del sys.path[0]
import _frozen_importlib_external as external
try:
    import resource
    limit = 2 << 30
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY or hard > limit:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
except (ImportError, OSError, ValueError):
    pass
read = sys.stdin.buffer.read
write = sys.stdout.buffer.write
while True:
    head = read(8)
    if not head:
        break
    path = read(int.from_bytes(head[:4], "big")).decode("utf-8")
    size = int.from_bytes(head[4:], "big")
    source = read(size)
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
        pyc = external._code_to_timestamp_pyc(code, ${constantTime}, size)
    except Exception:
        pyc = b""
    source = code = None
    write(len(pyc).to_bytes(4, "big"))
    write(pyc)
sys.stdout.buffer.flush()
`

/**
 * Options before `-c`: nothing of the user's, of the site or of the folder it starts in; UTF-8 whatever the locale;
 * no warnings about other people's code. Not `-I`, under which `PYTHONHASHSEED` would not count.
 */
export const options: readonly string[] = ["-s", "-S", "-B", "-X", "utf8", "-W", "ignore"]

/** All that the process has in its environment. The order of constants in a set may follow the hash seed. */
export const environment: Readonly<Record<string, string>> = { PYTHONHASHSEED: "0" }
