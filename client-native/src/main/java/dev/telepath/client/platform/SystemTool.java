package dev.telepath.client.platform;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a program of the system. */
@FunctionalInterface
public interface SystemTool {
    /** Bytes of output from which on the rest is not read. */
    int MOST_OUTPUT = 1 << 20;

    /** A program that has not ended then is ended. */
    Duration MOST_TIME = Duration.ofSeconds(5);

    /**
     * What came of it.
     *
     * @param exit its code
     * @param output what it said, warnings and errors among it
     */
    record Outcome(int exit, String output) {}

    /**
     * Runs one, without a shell between. Blocks for {@link #MOST_TIME} at most.
     *
     * @param line the program's path and its arguments
     */
    Outcome run(List<String> line) throws IOException;

    /** As a child process that speaks English and hears nothing. */
    static Outcome child(List<String> line) throws IOException {
        return child(line, MOST_TIME);
    }

    /** The same with another time. */
    static Outcome child(List<String> line, Duration most) throws IOException {
        var builder = new ProcessBuilder(line).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        Thread timer = Thread.ofVirtual().start(() -> endLate(process, most));
        try {
            process.getOutputStream().close();
            byte[] output = process.getInputStream().readNBytes(MOST_OUTPUT);
            process.getInputStream().close();
            return new Outcome(process.waitFor(), new String(output, StandardCharsets.UTF_8));
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in " + line.getFirst(), e);
        } finally {
            timer.interrupt();
        }
    }

    private static void endLate(Process process, Duration most) {
        try {
            if (!process.waitFor(most.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }
}
