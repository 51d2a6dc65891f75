package dev.telepath.agent.names;

import com.google.protobuf.ByteString;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/** DNS resource records in wire form, uncompressed, as peers pack them one after another. Pure. */
final class Records {
    static final int A = 1;
    static final int PTR = 12;
    static final int AAAA = 28;
    static final int SERVER_FAILURE = 2;
    static final int NAME_UNKNOWN = 3;
    static final int NOT_IMPLEMENTED = 4;

    private static final int CLASS_IN = 1;
    /** Seconds. Short: what it names may move, and the client asks over a fast path. */
    private static final int TTL = 4;

    private Records() {}

    static ByteString address(String name, InetAddress address) {
        byte[] bytes = address.getAddress();
        return record(name, bytes.length == 4 ? A : AAAA, ByteString.copyFrom(bytes));
    }

    static ByteString pointer(String name, String host) {
        return record(name, PTR, labels(host));
    }

    private static ByteString record(String name, int type, ByteString data) {
        var out = ByteString.newOutput();
        number(out, type, 2);
        number(out, CLASS_IN, 2);
        number(out, TTL, 4);
        number(out, data.size(), 2);
        return labels(name).concat(out.toByteString()).concat(data);
    }

    private static void number(ByteString.Output out, int value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
            out.write(value >>> shift);
        }
    }

    /** A label beyond 63 bytes is cut: the resolver would not have answered for it. */
    private static ByteString labels(String name) {
        var out = ByteString.newOutput();
        for (String label : name.split("\\.", -1)) {
            byte[] bytes = label.getBytes(StandardCharsets.UTF_8);
            int length = Math.min(63, bytes.length);
            if (length > 0) {
                out.write(length);
                out.write(bytes, 0, length);
            }
        }
        out.write(0);
        return out.toByteString();
    }

    /** The address that a name under {@code in-addr.arpa} or {@code ip6.arpa} stands for. */
    static Optional<InetAddress> reversed(String name) {
        String[] labels = name.toLowerCase(Locale.ROOT).split("\\.", 0);
        var text = new StringBuilder();
        if (labels.length == 6 && labels[4].equals("in-addr") && labels[5].equals("arpa")) {
            for (int i = 3; i >= 0; i--) {
                text.append(labels[i]).append(i > 0 ? "." : "");
            }
        } else if (labels.length == 34 && labels[32].equals("ip6") && labels[33].equals("arpa")) {
            for (int i = 31; i >= 0; i--) {
                text.append(labels[i]).append(i > 0 && i % 4 == 0 ? ":" : "");
            }
        }
        byte[] address = NetUtil.createByteArrayFromIpAddressString(text.toString());
        try {
            return address == null ? Optional.empty() : Optional.of(InetAddress.getByAddress(address));
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }
}
