package dev.telepath.harness;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** One HTTP/1.1 connection of a plain caller, on a plain socket: what it sends and reads is exactly what is seen here. */
public final class Http implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;

    public Http(int port) throws IOException {
        this(Proxy.NO_PROXY, InetSocketAddress.createUnresolved("127.0.0.1", port));
    }

    public Http(Proxy proxy, InetSocketAddress target) throws IOException {
        socket = new Socket(proxy);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(60_000);
        socket.connect(
                proxy == Proxy.NO_PROXY ? new InetSocketAddress(target.getHostString(), target.getPort()) : target,
                30_000);
        in = new BufferedInputStream(socket.getInputStream(), 16 * 1024);
    }

    /** Sends a GET and reads the whole answer. Fails when it is not 200. */
    public String get(String path) throws IOException {
        send(path, false);
        return read();
    }

    /** As {@link #get}, and asks the server to close the connection after it. */
    public String getAndClose(String path) throws IOException {
        send(path, true);
        return read();
    }

    /** As {@link #get}, with a further header. */
    public String get(String path, String name, String value) throws IOException {
        send(path, name + ": " + value + "\r\n");
        return read();
    }

    private void send(String path, boolean close) throws IOException {
        send(path, close ? "Connection: close\r\n" : "");
    }

    private void send(String path, String headers) throws IOException {
        socket.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nHost: sample\r\n" + headers + "\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
    }

    private String read() throws IOException {
        String status = line();
        int length = 0;
        for (String header = line(); !header.isEmpty(); header = line()) {
            if (header.regionMatches(true, 0, "content-length:", 0, 15)) {
                length = Integer.parseInt(header.substring(15).strip());
            }
        }
        byte[] body = in.readNBytes(length);
        if (body.length < length) {
            throw new EOFException("the answer ended after " + body.length + " of " + length + " bytes");
        }
        if (!status.contains(" 200 ")) {
            throw new IOException("answer was: " + status);
        }
        return new String(body, StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
        var line = new ByteArrayOutputStream(64);
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new EOFException("the connection ended in the head of an answer");
            }
            if (b != '\r') {
                line.write(b);
            }
        }
        return line.toString(StandardCharsets.US_ASCII);
    }

    /** A GET on a connection of its own. */
    public static String once(int port, String path) throws IOException {
        try (Http http = new Http(port)) {
            return http.getAndClose(path);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
