package dev.telepath.harness;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A server program that was started: where it listens, what it logged, how to end it. Its standard error goes to a
 * file; its standard output is read for {@code name=value} lines.
 */
public final class Running implements AutoCloseable {
    private final String name;
    private final Process process;
    private final Path log;
    private final Map<String, String> announced = new ConcurrentHashMap<>();

    private Running(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
        // A read of a pipe holds its carrier: three of them on two processors, and no virtual thread runs any more.
        Thread.ofPlatform().daemon().name(name + "-output").start(this::readOutput);
    }

    /** Starts a command; its log is appended to {@code directory/name.log}. */
    public static Running start(String name, Path directory, List<String> command, Map<String, String> environment) {
        Path log = directory.resolve(name + ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().putAll(environment);
        try {
            return new Running(name, builder.start(), log);
        } catch (IOException e) {
            throw new IllegalStateException(name + " could not be started: " + e.getMessage(), e);
        }
    }

    private void readOutput() {
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                int equals = line.indexOf('=');
                if (equals > 0 && !line.substring(0, equals).contains(" ")) {
                    announced.put(line.substring(0, equals), line.substring(equals + 1));
                }
            }
        } catch (IOException e) {
            announced.putIfAbsent("output-error", String.valueOf(e.getMessage()));
        }
    }

    /**
     * Waits for a {@code name=value} line.
     *
     * @throws IllegalStateException when the program ends first or takes over a minute; the message ends with its log
     */
    public String announced(String key) {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (System.nanoTime() < end) {
            String value = announced.get(key);
            if (value != null) {
                return value;
            }
            boolean dead = !process.isAlive();
            pause();
            if (dead && !announced.containsKey(key)) {
                throw new IllegalStateException(
                        name + " ended with " + process.exitValue() + " before it said " + key + "\n" + log());
            }
        }
        throw new IllegalStateException(name + " did not say " + key + " within a minute\n" + log());
    }

    /** As {@link #announced(String)}, as a number. */
    public int port(String key) {
        return Integer.parseInt(announced(key));
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** All it has logged so far. */
    public String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return "(no log: " + e.getMessage() + ")";
        }
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /**
     * Asks it to end, as {@code kill} does.
     *
     * @return its exit code
     * @throws TimeoutException when it is still there after 20 s
     */
    public int stop() throws TimeoutException {
        process.destroy();
        return awaitEnd(Duration.ofSeconds(20));
    }

    /** Waits for the program to end by itself. */
    public int awaitEnd(Duration most) throws TimeoutException {
        try {
            if (!process.waitFor(most.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new TimeoutException(name + " is still running after " + most);
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** Ends it at once, as {@code kill -9} does, and waits until it is gone. */
    public void kill() {
        process.destroyForcibly();
        try {
            process.waitFor(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        try {
            stop();
        } catch (TimeoutException e) {
            kill();
        }
    }
}
