package dev.telepath.client.proxy;

import dev.telepath.client.failure.Failure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * HTTP/1.1 proxying: CONNECT, and requests with an absolute URI. The latter are sent on in origin form with
 * {@code Connection: close}, because the next request of the program may be for another host. Serves the PAC file, and
 * nothing else.
 */
final class HttpDialect implements ProxyDialect {
    private static final byte[] END = {'\r', '\n', '\r', '\n'};
    static final String PAC_PATH = "/proxy.pac";

    private static final Pattern REQUEST = Pattern.compile("([A-Z]{1,20}) (\\S+) HTTP/1\\.[01]");

    /** Names that no other site can have in a browser. */
    private static final Pattern OWN_HOST =
            Pattern.compile("(localhost|127(\\.[0-9]{1,3}){3}|\\[::1])(:[0-9]{1,5})?", Pattern.CASE_INSENSITIVE);

    private final Supplier<String> pac;
    private boolean connect;

    /**
     * @param pac the script of the PAC file
     */
    HttpDialect(Supplier<String> pac) {
        this.pac = pac;
    }

    @Override
    public Step read(ByteBuf received) {
        int end = ByteBufUtil.indexOf(Unpooled.wrappedBuffer(END), received);
        if (end < 0) {
            return startsLikeHttp(received)
                    ? new Step.More()
                    : new Step.Refuse(status(400, "Bad Request", "this port speaks SOCKS5 and HTTP"));
        }
        int length = end - received.readerIndex() + END.length;
        String head =
                received.readCharSequence(length, StandardCharsets.ISO_8859_1).toString();
        // Kept whole: a head of nothing but line ends has an empty request line.
        String[] lines = head.substring(0, head.length() - END.length).split("\r\n", -1);
        var request = REQUEST.matcher(lines[0]);
        if (!request.matches()) {
            return new Step.Refuse(status(400, "Bad Request", "the request line is malformed"));
        }
        connect = request.group(1).equals("CONNECT");
        try {
            if (request.group(1).equals("GET") && request.group(2).equals(PAC_PATH)) {
                return pacFile(lines);
            }
            return connect
                    ? authority(request.group(2))
                    : absolute(lines, request.group(1), request.group(2), received);
        } catch (URISyntaxException | IllegalArgumentException e) {
            return new Step.Refuse(status(400, "Bad Request", "the address is malformed"));
        }
    }

    private static boolean startsLikeHttp(ByteBuf received) {
        byte first = received.getByte(received.readerIndex());
        return first >= 'A' && first <= 'Z';
    }

    /** Only under a name of this machine: a site that leads its own name here is not to read the cluster's networks. */
    private Step pacFile(String[] lines) {
        for (int i = 1; i < lines.length; i++) {
            if (lines[i].toLowerCase(Locale.ROOT).startsWith("host:")
                    && !OWN_HOST.matcher(lines[i].substring("host:".length()).strip())
                            .matches()) {
                return new Step.Refuse(status(421, "Misdirected Request", "ask for it at 127.0.0.1"));
            }
        }
        return new Step.Serve(answer("200 OK", "application/x-ns-proxy-autoconfig", pac.get()));
    }

    private static Step authority(String text) throws URISyntaxException {
        var uri = new URI("connect://" + text);
        if (uri.getHost() == null || uri.getPort() < 1 || uri.getPort() > 65535) {
            throw new IllegalArgumentException("host:port expected");
        }
        return new Step.Dial(bare(uri.getHost()), uri.getPort());
    }

    private static Step absolute(String[] lines, String method, String target, ByteBuf received)
            throws URISyntaxException {
        var uri = new URI(target);
        if (!"http".equals(uri.getScheme()) || uri.getHost() == null) {
            return new Step.Refuse(
                    status(400, "Bad Request", "an absolute http URI is expected; use CONNECT for https"));
        }
        int port = uri.getPort() < 0 ? 80 : uri.getPort();
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port out of range");
        }
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
        var head = new StringBuilder(method + " " + path + query + " HTTP/1.1\r\n");
        boolean upgrade = false;
        for (int i = 1; i < lines.length; i++) {
            upgrade |= lines[i].toLowerCase(Locale.ROOT).startsWith("upgrade:");
        }
        for (int i = 1; i < lines.length; i++) {
            String name = lines[i].toLowerCase(Locale.ROOT);
            if (!name.startsWith("proxy-")
                    && (upgrade || !name.startsWith("connection:") && !name.startsWith("keep-alive:"))) {
                head.append(lines[i]).append("\r\n");
            }
        }
        head.append(upgrade ? "\r\n" : "Connection: close\r\n\r\n");
        byte[] rest = new byte[received.readableBytes()];
        received.readBytes(rest);
        received.clear()
                .writeBytes(head.toString().getBytes(StandardCharsets.ISO_8859_1))
                .writeBytes(rest);
        return new Step.Dial(bare(uri.getHost()), port);
    }

    private static String bare(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    private static ByteBuf status(int code, String reason, String text) {
        return answer(code + " " + reason, "text/plain; charset=utf-8", text + "\n");
    }

    private static ByteBuf answer(String status, String type, String text) {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 " + status + "\r\nContent-Type: " + type + "\r\nContent-Length: " + body.length
                + "\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n";
        return Unpooled.wrappedBuffer(head.getBytes(StandardCharsets.ISO_8859_1), body);
    }

    @Override
    public ByteBuf dialled() {
        return connect
                ? Unpooled.wrappedBuffer(
                        "HTTP/1.1 200 Connection established\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1))
                : Unpooled.buffer(0);
    }

    @Override
    public ByteBuf failed(Failure why) {
        return switch (why.kind()) {
            case NOT_CONNECTED, UNREACHABLE -> status(503, "Service Unavailable", why.message());
            case TIMED_OUT -> status(504, "Gateway Timeout", why.message());
            default -> status(502, "Bad Gateway", why.message());
        };
    }

    @Override
    public ByteBuf tooLarge() {
        return status(431, "Request Header Fields Too Large", "the request head is too large (proxy.max-header)");
    }
}
