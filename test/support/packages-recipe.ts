import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import type { Recipe } from "./known-image.ts"

/** Versions whose order RPM is asked for, each with each. */
export const rpmVersions: readonly string[] = [
  "0:1.0-1 1.0-1 1.0-1.fc39 1.0-1.fc40 1.0-2 1.0~rc1-1 1.0~rc1^git1-1 1.0~~-1 1.0^-1 1.0^git1-1 1.0^git1~pre-1 1.0.1-1 1.01-1 1.1-1",
  "1.9-1 1.10-1 1.a-1 1.A-1 1a-1 a1-1 a-1 2_0-1 2.0-1 2.0.-1 20240101git0abc-1 20240101-1 1:0.1-1 1:0.1-0 2:0-0 1.0a.b-1 10000000000000000000001-1 9-1",
].flatMap((line) => line.split(" "))

/** An image with packages of each manager that can be had on this machine, which later layers upgrade, remove and shadow. */
export function packagesRecipe(host: Host): Recipe {
  const rPackages =
    'Rscript -e \'write.table(installed.packages()[, c("Package", "Version", "LibPath")], sep="|", quote=FALSE, row.names=FALSE, col.names=FALSE)\''
  const pip = (python: string): string => `${python} -m pip list --verbose --format json`
  return {
    name: "packages",
    packages:
      "ca-certificates python3-venv python3-pip nodejs rpm r-base-core r-cran-jsonlite r-cran-r6 hello nano".split(" "),
    asks: {
      deb: "dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}|${Architecture}|${source:Package}\\n'",
      manual: "apt-mark showmanual",
      rpm: "rpm -qa --qf '%{NAME}|%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}|%{ARCH}|%{LICENSE}|%{VENDOR}|%{SOURCERPM}\\n'",
      rpmOrder: `rpm --eval '%{lua: local all = {${rpmVersions.map((one) => `"${one}"`).join(", ")}}; for _, a in ipairs(all) do for _, b in ipairs(all) do print(rpm.vercmp(a, b)) end end}'`,
      system: pip("/usr/bin/python3"),
      user: `su jovyan -c '${pip("/usr/bin/python3")}'`,
      env: pip("/opt/env/bin/python"),
      other: pip("/opt/other/bin/python"),
      moved: pip("/opt/moved/bin/python"),
      rattler: pip("/opt/rattler/bin/python"),
      ofConda: `${pip("/opt/env/bin/python")} --path /opt/conda/lib/python3.11/site-packages`,
      target: `${pip("/opt/env/bin/python")} --path /opt/target`,
      r: rPackages,
      rOfUser: `su jovyan -c "${rPackages.replaceAll('"', '\\"')}"`,
      npm: "npm ls --global --all --json --long",
      local: "cd /srv/app && npm ls --all --json --long",
      requested: ["/opt/env", "/opt/other", "/opt/rattler"]
        .map((one) => `${one}/bin/python -m pip inspect 2>/dev/null`)
        .join(" && echo , && "),
      conda: `/opt/rattler/bin/python -c '
import pathlib, rattler
for path in pathlib.Path("/opt/conda/conda-meta").glob("*.json"):
    record = rattler.PrefixRecord.from_path(path)
    print(record.name.normalized, record.version, record.build, record.subdir, len(record.requested_specs) > 0, record.url, sep="|")'`,
    },
    async prepare(context) {
      const must = async (...argv: [string, ...string[]]): Promise<void> => {
        const { code, stderr } = await host.run({ argv, cwd: context, timeout: 300_000 })
        if (code !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`)
      }
      const pipDownload = ["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"] as const
      for (const list of ["before.txt", "after.txt"])
        await must(...pipDownload, "--require-hashes", "--dest", "wheels", "--requirement", list)
      const wanted = (await host.files.readText(join(context, "npm.txt"))).trim().split("\n")
      await host.files.makeDirectory(join(context, "npm"))
      await must("npm", "pack", "--silent", "--pack-destination", "npm", ...wanted)
    },
  }
}
