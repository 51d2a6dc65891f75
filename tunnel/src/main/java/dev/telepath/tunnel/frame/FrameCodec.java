package dev.telepath.tunnel.frame;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Frames to messages and back. Pure, thread-safe. Payload = one code byte and a body. */
public final class FrameCodec {
    /** The stream version we speak. */
    public static final int VERSION = 2;
    /** Bytes around the data of a full frame: 5 of gRPC, 4 of protobuf (tag and length), the code. */
    private static final int OVERHEAD = 10;
    /**
     * The most data bytes in a frame that we send: with what is around them they fill two HTTP/2 frames exactly, so that
     * no receiver has to put pieces of messages together. Larger frames of peers are accepted up to the message limit.
     */
    public static final int MAX_DATA = 32 * 1024 - OVERHEAD;

    private static final int NORMAL = 0;
    private static final int STREAM_INFO = 1;
    private static final int STREAM_OK = 2;
    private static final int CLOSE_SEND = 3;
    private static final int DIAL_OK = 4;
    private static final int DIAL_REJECT = 5;
    private static final int DISCONNECT = 6;
    private static final int KEEP_ALIVE = 7;
    private static final int SESSION = 8;
    /** No session id of any peer comes near it; bounds what a hostile peer can make us keep. */
    private static final int MAX_SESSION_ID = 1024;

    /** What begins the end of a StreamInfo that names a workload; no peer but ours has anything there. */
    private static final ByteString VIA = ByteString.copyFromUtf8("via=");

    private static final ByteString NORMAL_CODE = ByteString.copyFrom(new byte[] {NORMAL});
    private static final TunnelMessage CLOSE_SEND_MESSAGE = code(CLOSE_SEND);
    private static final TunnelMessage DIAL_OK_MESSAGE = code(DIAL_OK);
    private static final TunnelMessage DIAL_REJECT_MESSAGE = code(DIAL_REJECT);
    private static final TunnelMessage DISCONNECT_MESSAGE = code(DISCONNECT);
    private static final TunnelMessage KEEP_ALIVE_MESSAGE = code(KEEP_ALIVE);

    private FrameCodec() {}

    /** The message that carries the frame. */
    public static TunnelMessage encode(Frame frame) {
        return switch (frame) {
            // A rope of code and data: large data are not copied for one byte in front.
            case Frame.Data data -> message(NORMAL_CODE.concat(data.bytes()));
            case Frame.StreamInfo info -> streamInfo(info);
            case Frame.StreamOk ok ->
                withCode(STREAM_OK, new Writer().varint(ok.version()).bytes());
            case Frame.CloseSend() -> CLOSE_SEND_MESSAGE;
            case Frame.DialOk() -> DIAL_OK_MESSAGE;
            case Frame.DialReject() -> DIAL_REJECT_MESSAGE;
            case Frame.Disconnect() -> DISCONNECT_MESSAGE;
            case Frame.KeepAlive() -> KEEP_ALIVE_MESSAGE;
            case Frame.Session session -> withCode(SESSION, ByteString.copyFromUtf8(session.sessionId()));
            case Frame.Unknown unknown -> code(unknown.code());
        };
    }

    /**
     * The frame that a message carries.
     *
     * @throws MalformedFrame when the payload is empty, cut short, or its numbers are out of range
     */
    public static Frame decode(TunnelMessage message) {
        ByteString payload = message.getPayload();
        if (payload.isEmpty()) {
            throw new MalformedFrame("empty payload");
        }
        int code = payload.byteAt(0) & 0xff;
        return switch (code) {
            case NORMAL -> new Frame.Data(payload.substring(1));
            case STREAM_INFO -> decodeStreamInfo(new Reader(payload, 1));
            case STREAM_OK -> new Frame.StreamOk((int) new Reader(payload, 1).varint("version", Integer.MAX_VALUE));
            case CLOSE_SEND -> new Frame.CloseSend();
            case DIAL_OK -> new Frame.DialOk();
            case DIAL_REJECT -> new Frame.DialReject();
            case DISCONNECT -> new Frame.Disconnect();
            case KEEP_ALIVE -> new Frame.KeepAlive();
            case SESSION -> new Frame.Session(text(payload.substring(1)));
            default -> new Frame.Unknown(code);
        };
    }

    /**
     * A data message whose payload already has room for the code byte in front.
     *
     * @param withRoom the code byte's place, then the data; not to be changed afterwards
     */
    public static TunnelMessage dataInPlace(byte[] withRoom) {
        withRoom[0] = NORMAL;
        return message(UnsafeByteOperations.unsafeWrap(withRoom));
    }

    private static TunnelMessage code(int code) {
        return message(ByteString.copyFrom(new byte[] {(byte) code}));
    }

    private static TunnelMessage withCode(int code, ByteString body) {
        byte[] payload = new byte[1 + body.size()];
        payload[0] = (byte) code;
        body.copyTo(payload, 1);
        return message(UnsafeByteOperations.unsafeWrap(payload));
    }

    private static TunnelMessage message(ByteString payload) {
        return TunnelMessage.newBuilder().setPayload(payload).build();
    }

    private static TunnelMessage streamInfo(Frame.StreamInfo info) {
        ByteString session = ByteString.copyFromUtf8(info.sessionId());
        ByteString via = info.via().isEmpty() ? ByteString.EMPTY : VIA.concat(ByteString.copyFromUtf8(info.via()));
        return withCode(
                STREAM_INFO,
                new Writer()
                        .varint(info.version())
                        .varint(info.roundtripLatency().toNanos())
                        .varint(info.dialTimeout().toNanos())
                        .varint(info.id().bytes().size())
                        .raw(info.id().bytes())
                        .varint(session.size())
                        .raw(session)
                        .raw(via)
                        .bytes());
    }

    private static Frame decodeStreamInfo(Reader in) {
        int version = (int) in.varint("version", Integer.MAX_VALUE);
        Duration latency = Duration.ofNanos(in.varint("round-trip latency", Long.MAX_VALUE));
        Duration timeout = Duration.ofNanos(in.varint("dial timeout", Long.MAX_VALUE));
        ConnectionId id = new ConnectionId(in.raw((int) in.varint("connection id length", 37)));
        ByteString session = in.raw((int) in.varint("session id length", MAX_SESSION_ID));
        ByteString rest = in.rest();
        String via = rest.startsWith(VIA) ? text(rest.substring(VIA.size())) : "";
        return new Frame.StreamInfo(version, latency, timeout, id, text(session), via);
    }

    private static String text(ByteString bytes) {
        if (bytes.size() > MAX_SESSION_ID) {
            throw new MalformedFrame("a name of " + bytes.size() + " bytes, at most " + MAX_SESSION_ID);
        }
        // Replacement characters would make another, longer id of it.
        if (!bytes.isValidUtf8()) {
            throw new MalformedFrame("a name is no UTF-8");
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** Unsigned LEB128 numbers and raw bytes, as Go's {@code binary.AppendUvarint} writes them. */
    private static final class Writer {
        private final ByteString.Output out = ByteString.newOutput(64);

        Writer varint(long value) {
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                out.write((int) (rest & 0x7f | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
            return this;
        }

        Writer raw(ByteString bytes) {
            for (int i = 0; i < bytes.size(); i++) {
                out.write(bytes.byteAt(i));
            }
            return this;
        }

        ByteString bytes() {
            return out.toByteString();
        }
    }

    private static final class Reader {
        private final ByteString in;
        private int at;

        Reader(ByteString in, int at) {
            this.in = in;
            this.at = at;
        }

        long varint(String what, long max) {
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                if (at >= in.size()) {
                    throw new MalformedFrame(what + " is cut short");
                }
                int b = in.byteAt(at++);
                value |= (long) (b & 0x7f) << shift;
                if (b >= 0) {
                    if (value < 0 || value > max) {
                        throw new MalformedFrame(what + " is out of range");
                    }
                    return value;
                }
            }
            throw new MalformedFrame(what + " is longer than 64 bits");
        }

        ByteString raw(int length) {
            if (at + length > in.size()) {
                throw new MalformedFrame("body is cut short");
            }
            ByteString out = in.substring(at, at + length);
            at += length;
            return out;
        }

        ByteString rest() {
            return in.substring(at);
        }
    }
}
