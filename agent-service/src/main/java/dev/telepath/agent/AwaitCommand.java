package dev.telepath.agent;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code await}: ends as soon as the agent of this machine forwards. For hooks that the kubelet waits for. */
@Command(
        name = "await",
        mixinStandardHelpOptions = true,
        description = "Wait until the agent of this machine forwards. For a postStart hook of its container.")
final class AwaitCommand implements Callable<Integer> {
    private static final Duration ASKS = Duration.ofMillis(10);
    private static final int NOT_READY = 1;
    private static final String READY = " 200 ";
    private static final int ANSWERS_MILLIS = 1_000;

    @Parameters(paramLabel = "PORT", description = "Where it serves HTTP (http-port).")
    private int port;

    @Option(names = "--most", paramLabel = "SECONDS", description = "How long to wait (60).")
    private int seconds = 60;

    @Override
    public Integer call() {
        long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        String answer = ask();
        while (!answer.contains(READY)) {
            if (System.nanoTime() > end || !waited()) {
                return AgentCommand.fail(
                        NOT_READY, "not ready on port " + port + " after " + seconds + " s: " + answer);
            }
            answer = ask();
        }
        return 0;
    }

    private static boolean waited() {
        try {
            Thread.sleep(ASKS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** The status line of its answer, or why there is none. */
    private String ask() {
        try (var socket = new Socket()) {
            socket.setSoTimeout(ANSWERS_MILLIS);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), ANSWERS_MILLIS);
            socket.getOutputStream()
                    .write("GET /q/health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            String status = new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                    .readLine();
            return status == null ? "no answer" : status;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
