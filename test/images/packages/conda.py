"""Makes /opt/conda have what is asked for, from a channel of packages that are made here."""
import asyncio, hashlib, io, json, os, sys, tarfile
import rattler

channel = "/tmp/channel"


def make(name, version, files, depends=()):
    filename = f"{name}-{version}-0.tar.bz2"
    index = dict(name=name, version=version, build="0", build_number=0, depends=list(depends), subdir="noarch", noarch="generic", license="BSD-3-Clause", timestamp=1700000000000)
    paths = [dict(_path=p, path_type="hardlink", sha256=hashlib.sha256(t.encode()).hexdigest(), size_in_bytes=len(t)) for p, t in files.items()]
    members = {"info/index.json": json.dumps(index), "info/paths.json": json.dumps(dict(paths=paths, paths_version=1)), "info/files": "".join(f"{p}\n" for p in files), **files}
    target = f"{channel}/noarch/{filename}"
    with tarfile.open(target, "w:bz2") as archive:
        for path, text in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    content = open(target, "rb").read()
    return filename, {**index, "md5": hashlib.md5(content).hexdigest(), "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


async def main():
    os.makedirs(f"{channel}/noarch")
    packages = dict([
        make("greeting", "1.0", {"share/greeting": "hello\n"}),
        make("greeting", "2.0", {"share/greeting": "hello again\n"}, ["manners"]),
        make("manners", "1.0", {"share/manners": "please\n", "lib/python3.11/site-packages/manners-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: manners\nVersion: 1.0\n"}),
        make("parting", "1.0", {"share/parting": "bye\n", "lib/python3.11/site-packages/parting-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: parting\nVersion: 1.0\n"}),
    ])
    repodata = dict(info=dict(subdir="noarch"), packages=packages, repodata_version=1)
    open(f"{channel}/noarch/repodata.json", "w").write(json.dumps(repodata))
    records = await rattler.solve([rattler.Channel(f"file://{channel}")], sys.argv[1:], platforms=["noarch"], virtual_packages=[])
    await rattler.install(records, "/opt/conda", cache_dir="/opt/conda/pkgs", show_progress=False, requested_specs=[rattler.MatchSpec(one)._match_spec for one in sys.argv[1:]])


asyncio.run(main())
os.system("rm -rf /tmp/channel /root/.cache")
