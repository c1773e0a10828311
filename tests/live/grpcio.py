# SPDX-License-Identifier: GPL-3.0-or-later
"""gRPC's own implementation (python3-grpcio, the C core) as client of our server and as server to
our clients: operators' calls, health, and a whole Exchange between two nodes."""
import concurrent.futures
import importlib
import json
import pathlib
import queue
import subprocess
import sys
import threading

import grpc
import swarm as s

SOURCE = pathlib.Path(__file__).resolve().parents[2]
STATUS = "/swarm.v1.Control/Status"
CHECK = "/grpc.health.v1.Health/Check"
EXCHANGE = "/swarm.v1.Swarm/Exchange"


def compile_messages(folder):
    for proto in ("node/core/proto/swarm.proto", "node/live/health.proto"):
        subprocess.run(["protoc", f"--proto_path={SOURCE}", f"--python_out={folder}", proto],
                       cwd=SOURCE, check=True)
    sys.path.insert(0, str(folder))
    # "node" is a namespace package of the folder with the generated files
    return (importlib.import_module("node.core.proto.swarm_pb2"),
            importlib.import_module("node.live.health_pb2"))


def pem(swarm, name):
    return (swarm.pki / name).read_bytes()


def channel(swarm, node, who, options=(), compression=None):
    credentials = grpc.ssl_channel_credentials(
        pem(swarm, "ca.pem"), who and pem(swarm, f"{who}.key"), who and pem(swarm, f"{who}.pem"))
    return grpc.secure_channel(
        node.address, credentials,
        (("grpc.ssl_target_name_override", f"{node.name}.swarm.internal"), *options), compression)


def unary(chan, path, request, reply, **kw):
    call = chan.unary_unary(path, type(request).SerializeToString, reply.FromString)
    return call(request, timeout=10, **kw)


def status_of(code, run):
    try:
        run()
    except grpc.RpcError as error:
        s.check(error.code() == code, f"{error.code()} {error.details()}, not {code}")
        return error.details()
    raise s.Failure(f"no error, not {code}")


def our_server(swarm, node, pb, health):
    """Their client, our server."""
    with channel(swarm, node, "ann") as chan:
        status = unary(chan, STATUS, pb.StatusRequest(), pb.StatusReply)
        s.check(status.name == node.name and status.state == "ready", str(status))
        check = unary(chan, CHECK, health.HealthCheckRequest(), health.HealthCheckResponse)
        s.check(check.status == health.HealthCheckResponse.SERVING, str(check))
        status_of(grpc.StatusCode.NOT_FOUND, lambda: unary(
            chan, CHECK, health.HealthCheckRequest(service="none"), health.HealthCheckResponse))
        said = status_of(grpc.StatusCode.UNIMPLEMENTED, lambda: unary(
            chan, "/swarm.v1.Control/Explode", pb.StatusRequest(), pb.StatusReply))
        s.check(said == "no such method", said)
        status_of(grpc.StatusCode.UNIMPLEMENTED, lambda: unary(
            chan, "/other.Service/Call", pb.StatusRequest(), pb.StatusReply))
        status_of(grpc.StatusCode.INVALID_ARGUMENT, lambda: chan.unary_unary(STATUS)(
            b"\xff\xff\xff", timeout=10))
        status_of(grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: chan.unary_unary(STATUS)(
            bytes(5 << 20), timeout=10))
        status_of(grpc.StatusCode.INVALID_ARGUMENT, lambda: chan.stream_unary(STATUS)(
            iter([b"", b""]), timeout=10))
        status_of(grpc.StatusCode.INVALID_ARGUMENT, lambda: chan.stream_unary(STATUS)(
            iter([]), timeout=10))
        # Many at once on one connection.
        call = chan.unary_unary(STATUS)
        futures = [call.future(b"", timeout=20) for _ in range(500)]
        names = {pb.StatusReply.FromString(f.result()).name for f in futures}
        s.check(names == {node.name}, str(names))
        # Cancelled half-way: the connection goes on.
        for _ in range(50):
            call.future(b"", timeout=20).cancel()
        s.check(call(b"", timeout=10), "after cancelling")
    with channel(swarm, node, "ann", compression=grpc.Compression.Gzip) as chan:
        status_of(grpc.StatusCode.UNIMPLEMENTED, lambda: unary(
            chan, STATUS, pb.StatusRequest(), pb.StatusReply))
    with channel(swarm, node, "b") as chan:  # a node's certificate
        status_of(grpc.StatusCode.PERMISSION_DENIED, lambda: unary(
            chan, STATUS, pb.StatusRequest(), pb.StatusReply))
        check = unary(chan, CHECK, health.HealthCheckRequest(), health.HealthCheckResponse)
        s.check(check.status == health.HealthCheckResponse.SERVING, str(check))
        said = status_of(grpc.StatusCode.INVALID_ARGUMENT, lambda: next(chan.stream_stream(
            EXCHANGE)(iter([]), timeout=10)))
        s.check("swarm-class" in said, said)
    with channel(swarm, node, "ann") as chan:
        status_of(grpc.StatusCode.PERMISSION_DENIED, lambda: next(chan.stream_stream(
            EXCHANGE)(iter([]), timeout=10, metadata=(("swarm-class", "control"),))))
    with channel(swarm, node, None) as chan:  # no certificate at all
        status_of(grpc.StatusCode.UNAVAILABLE, lambda: unary(
            chan, STATUS, pb.StatusRequest(), pb.StatusReply))


class Handler(grpc.GenericRpcHandler):
    """What their server answers: methods by path."""
    def __init__(self, methods):
        self.methods = methods

    def service(self, details):
        return self.methods.get(details.method)


def their_server(swarm, who, methods, port):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((Handler(methods),))
    credentials = grpc.ssl_server_credentials(
        [(pem(swarm, f"{who}.key"), pem(swarm, f"{who}.pem"))], pem(swarm, "ca.pem"), True)
    s.check(server.add_secure_port(f"127.0.0.1:{port}", credentials) == port, "their port")
    server.start()
    return server


def our_client(swarm, pb):
    """Our client, their server."""
    def status(request, context):
        s.check(context.time_remaining() < 11, "the deadline crosses")
        return pb.StatusReply(name="b", region="r", state="ready", forwarded=1 << 40)

    def explode(request, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "100 % gr\u00fc\u00dfe\n")

    answers = {STATUS: grpc.unary_unary_rpc_method_handler(status, None, lambda m:
                                                           m.SerializeToString()),
               "/swarm.v1.Control/Drain": grpc.unary_unary_rpc_method_handler(explode)}
    port = s.free_port()
    server = their_server(swarm, "b", answers, port)
    node = ("--node", f"b@127.0.0.1:{port}", *swarm.as_operator())
    said = json.loads(swarm.ctl("status", "--json", *node))
    s.check(said["forwarded"] == 1 << 40, str(said))
    said = swarm.ctl("drain", *node, code=1)
    s.check("FAILED_PRECONDITION: 100 % gr\u00fc\u00dfe" in said, said)
    said = swarm.ctl("backup", "snapshot", "--set", "x", *node, code=2)
    s.check("UNIMPLEMENTED" in said, said)
    server.stop(None).wait()



def sign(out, record, folder):
    """As a member signs its record, with a key of openssl's."""
    key, text, signature = (folder / f"z.{what}" for what in ("ed25519", "text", "signature"))
    run = {"check": True, "capture_output": True, "timeout": s.DEADLINE}
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], **run)
    public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], **run)
    record.key = public.stdout[-32:]
    out.record = record.SerializeToString()
    text.write_bytes(b"swarm record\0" + out.record)
    subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", text, "-out",
                    signature], **run)
    out.signature = signature.read_bytes()


def exchange(swarm, node, pb, port):
    """Their server plays a node that holds a zone: it is greeted, asked, and answers."""
    seen = queue.Queue()
    peers = []

    def talk(requests, context):
        say = queue.Queue()
        kind = dict(context.invocation_metadata())["swarm-class"]
        peers.append(context.auth_context()["x509_subject_alternative_name"])
        hello = pb.Hello(name="z")
        if kind == "control":
            record = pb.Record(name="z", incarnation=1, version=1, region="far", cores=2)
            record.zones.add(name=b"\x09elsewhere\x04test\0", serial=1, primary=True,
                             digest=bytes(48))
            sign(hello.record, record, swarm.dir)
        say.put(pb.Envelope(hello=hello))

        def listen():
            try:
                for raw in requests:
                    answer_one(pb.Envelope.FromString(raw))
            except grpc.RpcError:
                pass  # the connection is gone: the test's end
            say.put(None)

        def answer_one(envelope):
            body = envelope.WhichOneof("body")
            seen.put((kind, body, envelope))
            if body == "ant":
                say.put(pb.Envelope(ant_reply=pb.AntReply(
                    nonce=envelope.ant.nonce, load=pb.Load(cores=1, service=50000))))
            elif body == "query":
                asked = envelope.query.message
                end = 12 + asked[12:].index(b"\0") + 5
                answer = (asked[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + asked[12:end] +
                          b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x63")
                say.put(pb.Envelope(answer=pb.Answer(
                    id=envelope.query.id, message=answer, hit=True,
                    load=pb.Load(cores=1, service=50000))))

        threading.Thread(target=listen, daemon=True).start()
        while True:
            envelope = say.get()
            if envelope is None:
                return
            yield envelope.SerializeToString()

    server = their_server(swarm, "z", {EXCHANGE: grpc.stream_stream_rpc_method_handler(talk)}, port)
    s.wait_until("the node asks their server",
                 lambda: node.dig("host.elsewhere.test", "A") == ["192.0.2.99"])
    first = {}
    while set(first) != {"control", "bulk"}:
        kind, body, envelope = seen.get(timeout=s.DEADLINE)
        first.setdefault(kind, (body, envelope))
    s.check({body for body, _ in first.values()} == {"hello"}, "a Hello comes first")
    s.check(first["control"][1].hello.name == node.name, str(first["control"]))
    s.check(all(b"spiffe://swarm/node/a" in names for names in peers), str(peers))
    server.stop(None).wait()


def test(swarm):
    folder = swarm.dir / "messages"
    folder.mkdir()
    pb, health = compile_messages(folder)
    a = swarm.add("a", "here")
    swarm.certify("b")
    swarm.certify("z")
    port = s.free_port()
    swarm.strangers = [("z", "far", f"127.0.0.1:{port}")]
    a.start()
    a.wait_ready(set())
    our_server(swarm, a, pb, health)
    our_client(swarm, pb)
    exchange(swarm, a, pb, port)


if __name__ == "__main__":
    sys.exit(s.main(test))
