package dev.telepath.agent.sftp;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** As little of a client as the tests need: one request at a time. */
final class SftpClient implements AutoCloseable {
    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private int serial;

    /** A packet from the server, after its id. */
    record Reply(int type, ByteBuffer body) {
        /** 0 when it is no status. */
        int status() {
            return type == Code.STATUS ? body.duplicate().getInt() : 0;
        }

        byte[] bytes() {
            ByteBuffer all = body.duplicate();
            byte[] bytes = new byte[all.getInt()];
            all.get(bytes);
            return bytes;
        }

        byte[] handle() {
            if (type != Code.HANDLE) {
                throw new AssertionError("no handle but type " + type + " status " + status());
            }
            return bytes();
        }

        String data() {
            return new String(bytes(), StandardCharsets.ISO_8859_1);
        }

        int size() {
            return body.remaining();
        }
    }

    private SftpClient(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new DataInputStream(socket.getInputStream());
        this.out = new DataOutputStream(socket.getOutputStream());
    }

    /**
     * @param token empty = none is sent
     * @throws IOException when the server does not greet
     */
    static SftpClient connect(int port, String token) throws IOException {
        var client = new SftpClient(new Socket(InetAddress.getLoopbackAddress(), port));
        client.socket.setSoTimeout(10_000);
        client.socket.setTcpNoDelay(true);
        try {
            if (!token.isEmpty()) {
                client.out.write((SftpServer.GREETING + token + "\n").getBytes(StandardCharsets.US_ASCII));
            }
            client.out.writeInt(5);
            client.out.writeByte(Code.INIT);
            client.out.writeInt(3);
            ByteBuffer greeting = ByteBuffer.wrap(client.in.readNBytes(client.in.readInt()));
            if (greeting.remaining() < 5 || greeting.get() != Code.VERSION || greeting.getInt() != 3) {
                throw new EOFException("no greeting");
            }
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    Reply ask(int type, Object... fields) throws IOException {
        var packet = new ByteArrayOutputStream();
        var written = new DataOutputStream(packet);
        written.writeByte(type);
        written.writeInt(++serial);
        for (Object field : fields) {
            switch (field) {
                case Integer number -> written.writeInt(number);
                case Long number -> written.writeLong(number);
                case byte[] bytes -> {
                    written.writeInt(bytes.length);
                    written.write(bytes);
                }
                default -> {
                    byte[] text = field.toString().getBytes(StandardCharsets.UTF_8);
                    written.writeInt(text.length);
                    written.write(text);
                }
            }
        }
        out.writeInt(packet.size());
        packet.writeTo(out);
        byte[] body = in.readNBytes(in.readInt());
        ByteBuffer reply = ByteBuffer.wrap(body);
        int kind = reply.get();
        if (reply.getInt() != serial) {
            throw new AssertionError("the answer is to another request");
        }
        return new Reply(kind, reply.slice());
    }

    int status(int type, String path) throws IOException {
        return ask(type, path, 0, 0).status();
    }

    Reply open(String path, int flags) throws IOException {
        return ask(Code.OPEN, path, flags, 0);
    }

    Reply read(byte[] handle, long offset, int length) throws IOException {
        return ask(Code.READ, handle, offset, length);
    }

    void close(byte[] handle) throws IOException {
        ask(Code.CLOSE, handle);
    }

    /** Writes at an offset. */
    Reply write(byte[] handle, long offset, String text) throws IOException {
        return ask(Code.WRITE, handle, offset, text);
    }

    /** Makes or empties a file. */
    void put(String path, String text) throws IOException {
        byte[] handle = open(path, Code.OPEN_WRITE | Code.OPEN_CREATE | Code.OPEN_TRUNCATE)
                .handle();
        if (write(handle, 0, text).status() != 0) {
            throw new IOException("not written");
        }
        close(handle);
    }

    String readAll(String path) throws IOException {
        byte[] handle = open(path, 1).handle();
        var all = new StringBuilder();
        for (Reply next = read(handle, 0, 32768); next.type() == Code.DATA; next = read(handle, all.length(), 32768)) {
            all.append(next.data());
        }
        close(handle);
        return all.toString();
    }

    String link(String path) throws IOException {
        return names(ask(Code.READLINK, path)).getFirst();
    }

    List<String> list(String path) throws IOException {
        byte[] handle = ask(Code.OPENDIR, path).handle();
        List<String> all = new ArrayList<>();
        for (Reply next = ask(Code.READDIR, handle); next.type() == Code.NAME; next = ask(Code.READDIR, handle)) {
            all.addAll(names(next));
        }
        close(handle);
        return all;
    }

    private static List<String> names(Reply reply) {
        ByteBuffer body = reply.body().duplicate();
        List<String> names = new ArrayList<>();
        for (int left = body.getInt(); left > 0; left--) {
            byte[] name = new byte[body.getInt()];
            body.get(name);
            names.add(new String(name, StandardCharsets.UTF_8));
            body.position(body.position() + body.getInt(body.position()) + 4 + 32);
        }
        return names;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
