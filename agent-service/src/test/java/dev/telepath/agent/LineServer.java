package dev.telepath.agent;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Answers each line with its name and the line, and says good-bye after the peer's half-close. */
final class LineServer implements AutoCloseable {
    final List<String> lines = new CopyOnWriteArrayList<>();
    final AtomicInteger accepted = new AtomicInteger();
    private final String name;
    private final ServerSocket listening;

    LineServer(String name) throws IOException {
        this.name = name;
        this.listening = new ServerSocket(0, 2048, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::run);
    }

    int port() {
        return listening.getLocalPort();
    }

    private void run() {
        try {
            while (true) {
                Socket socket = listening.accept();
                accepted.incrementAndGet();
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException e) {
            assert listening.isClosed();
        }
    }

    private void serve(Socket socket) {
        try (socket;
                var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
                var out = new PrintWriter(
                        new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8), true)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lines.add(line);
                out.println(name + ":" + line);
            }
            out.println(name + ":bye");
        } catch (IOException e) {
            assert e.getMessage() != null;
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }

    /** What a user sees who sends one line, half-closes, and reads to the end. */
    static String ask(int port, String line) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .replace("\n", " ")
                    .strip();
        }
    }
}
