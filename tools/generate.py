"""Generate Python from the contract, without a Buf registry.

    python -m tools.generate             write gen/ and the client's messages
    python -m tools.generate --check     fail when they are not what the contract says
    python -m tools.generate --image F   build the image that `buf lint` and `buf breaking` read

protovalidate's wheel carries the descriptor of its rules but no .proto file, so
the descriptor goes to protoc behind those of the well-known types.
"""

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import google.rpc
from google.protobuf import (
    descriptor_pb2,
    duration_pb2,
    field_mask_pb2,
    timestamp_pb2,
)
from protovalidate._gen.buf.validate.validate_pb import FieldPath

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
SERVER_ONLY = ("buf/", "switchyard/options/")
PACKAGES = ("gen/switchyard", "gen/buf", "clients/switchyard_client/messages")
# buf's mark on a file that is imported, not linted: `buf_extension.is_import` (field 8042 of a
# file in buf.alpha.image.v1.Image), as bytes.
IMPORTED = b"\xd2\xf6\x03\x02\x08\x01"


def main() -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--image", type=Path, help="write a buf image here instead")
    parser.add_argument("--protos", type=Path, default=PROTOS, help="folder of .proto files")
    options = parser.parse_args()
    if options.image:
        write_image(options.protos, options.image)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        generate(options.protos, Path(folder))
        return compare(Path(folder)) if options.check else replace(Path(folder))


def generate(protos: Path, out: Path) -> None:
    """Generate server code below out/gen and client messages below out/clients."""
    for package in PACKAGES:
        (out / package).parent.mkdir(parents=True, exist_ok=True)
    messages = out / PACKAGES[2]
    messages.mkdir(parents=True)
    ours = contract_files(protos)
    gen = out / "gen"
    targets = [f"--python_out={gen}", f"--pyi_out={gen}"]
    services = [f for f in ours if f.endswith("_service.proto")]
    protoc(protos, [*targets, *ours, "buf/validate/validate.proto"])
    protoc(protos, [f"--grpc_python_out={gen}", *services])
    generate_client(protos, messages)
    for folder in gen.rglob("*"):
        if folder.is_dir():
            (folder / "__init__.py").touch()


def generate_client(protos: Path, messages: Path) -> None:
    """Generate the client's messages, free of the server's rules and policies."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "image.binpb")
        write_image(protos, image)
        files = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
        kept = [file for file in files.file if not file.name.startswith(SERVER_ONLY)]
        for file in kept:
            strip_options(file)
        image.write_bytes(descriptor_pb2.FileDescriptorSet(file=kept).SerializeToString())
        names = [file.name for file in kept if not file.name.startswith("google/protobuf/")]
        run_protoc(
            [f"--descriptor_set_in={image}", f"--python_betterproto2_out={messages}", *names]
        )


def strip_options(file: descriptor_pb2.FileDescriptorProto) -> None:
    """Drop field rules, method policies and the imports that declare them."""
    file.source_code_info.SetInParent()  # betterproto2 wants it, empty or not
    dependencies = [name for name in file.dependency if not name.startswith(SERVER_ONLY)]
    del file.dependency[:]
    file.dependency.extend(dependencies)
    for message in file.message_type:
        strip_message(message)
    for service in file.service:
        for method in service.method:
            method.ClearField("options")


def strip_message(message: descriptor_pb2.DescriptorProto) -> None:
    """Drop the field rules of a message and of those inside it."""
    for field in message.field:
        field.ClearField("options")
    for nested in message.nested_type:
        strip_message(nested)


def write_image(protos: Path, image: Path) -> None:
    """Write the FileDescriptorSet of the contract, with comments, for buf."""
    image.parent.mkdir(parents=True, exist_ok=True)
    flags = ["--include_imports", "--include_source_info", f"--descriptor_set_out={image}"]
    ours = contract_files(protos)
    protoc(protos, [*flags, *ours])
    files = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
    for file in files.file:
        if file.name not in ours:
            file.MergeFromString(IMPORTED)
    image.write_bytes(files.SerializeToString())


def contract_files(protos: Path) -> list[str]:
    """Paths of our .proto files, relative to `protos`."""
    return sorted(str(path.relative_to(protos)) for path in protos.rglob("*.proto"))


def protoc(protos: Path, arguments: list[str]) -> None:
    """Run protoc on the contract, with the rules' descriptor and google.rpc at hand."""
    google_rpc = Path(next(iter(google.rpc.__path__)))
    with tempfile.TemporaryDirectory() as folder:
        status = Path(folder, "google/rpc/status.proto")
        status.parent.mkdir(parents=True)
        shutil.copy(google_rpc / "status.proto", status)
        rules = Path(folder, "rules.binpb")
        rules.write_bytes(validation_rules())
        run_protoc([f"--descriptor_set_in={rules}", f"-I{protos}", f"-I{folder}", *arguments])


def run_protoc(arguments: list[str]) -> None:
    """Run protoc with this environment's plugins."""
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", *arguments],
        check=True,
        env={"PATH": str(Path(sys.executable).parent)},
    )


def validation_rules() -> bytes:
    """A FileDescriptorSet of buf/validate/validate.proto and what it imports."""
    files = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, timestamp_pb2, field_mask_pb2):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    files.file.add().ParseFromString(FieldPath.desc().file.proto.to_binary())
    return files.SerializeToString()


def replace(fresh: Path) -> int:
    """Put the generated packages in place of the committed ones."""
    for package in PACKAGES:
        shutil.rmtree(ROOT / package, ignore_errors=True)
        shutil.copytree(fresh / package, ROOT / package)
    return 0


def compare(fresh: Path) -> int:
    """1 and a list of what differs when the committed code is not the generated code."""
    stale = [
        str(path)
        for package in PACKAGES
        for path in differences(fresh / package, ROOT / package, Path(package))
    ]
    if stale:
        print("generated code is out of date; run `make generate`:", *stale, sep="\n  ")
    return 1 if stale else 0


def differences(fresh: Path, committed: Path, name: Path) -> list[Path]:
    """Files that stand on one side only, or differ."""
    left, right = (
        {path.relative_to(root) for path in root.rglob("*.py*") if path.suffix in (".py", ".pyi")}
        for root in (fresh, committed)
    )
    same, *_ = filecmp.cmpfiles(fresh, committed, map(str, left & right), shallow=False)
    return [name / path for path in sorted((left | right) - {Path(path) for path in same})]


if __name__ == "__main__":
    sys.exit(main())
