package dev.telepath.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A whole Telepath on this machine in a directory of its own: one manager, agents, and the {@code tp} of one or more
 * users. Everything listens on ports the system chose; everything started here ends with {@link #close()}.
 */
public final class Installation implements AutoCloseable {
    private final Path directory;
    private final Deque<Running> running = new ArrayDeque<>();
    private final List<String> users = new ArrayList<>();
    private final Map<String, String> tokens = new HashMap<>();
    private @Nullable Running manager;
    private String agentsAt = "";
    private List<String> far = List.of();
    private List<String> near = List.of();
    private String managerHost = "127.0.0.1";
    private String clientsAt = "";
    private int managerPort = Ports.lasting();
    private String heap = "128m";
    private boolean kept;
    private boolean direct;

    public Installation(Path directory) {
        this.directory = directory;
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An installation in a new temporary directory that is removed at the end. */
    public static Installation temporary() {
        try {
            return new Installation(Files.createTempDirectory("telepath-it"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Lets manager and agents run on one machine, and tp on another.
     *
     * @param servers what a command line begins with there
     * @param clients the same of tp's
     * @param host address that the manager listens at
     */
    public Installation on(List<String> servers, List<String> clients, String host) {
        far = List.copyOf(servers);
        near = List.copyOf(clients);
        managerHost = host;
        return this;
    }

    /** Bounds the heap of every program started from now on, as in {@code -Xmx}. */
    public Installation heap(String most) {
        heap = most;
        return this;
    }

    public Path directory() {
        return directory;
    }

    /** Lets tp connect to agents that are started from now on. Else all goes by the manager, where most suites break it. */
    public Installation direct() {
        direct = true;
        return this;
    }

    /** Leaves the directory, with the programs' logs, when this ends. */
    public void keep() {
        kept = true;
    }

    private Path data() {
        return directory.resolve("manager");
    }

    /** Makes keys and tokens as a newcomer does, and keeps the tokens in files. */
    public Installation init() {
        Result result = run(Program.MANAGER, Map.of(), "init", "--data-dir", data().toString())
                .orFail();
        result.out().lines().filter(line -> line.contains("-token=")).forEach(line -> {
            int equals = line.indexOf('=');
            tokens.put(line.substring(0, equals), line.substring(equals + 1));
        });
        writeToken("client-token");
        writeToken("agent-token");
        return this;
    }

    private void writeToken(String name) {
        String token = tokens.get(name);
        if (token == null) {
            throw new IllegalStateException("init did not print " + name);
        }
        write(tokenFile(name), token + "\n");
    }

    public Path tokenFile(String name) {
        return directory.resolve(name);
    }

    /** A file of this installation. */
    public Path write(Path file, String text) {
        try {
            Files.writeString(file, text);
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A client token of another user, in a file. */
    public Path tokenFor(String user, String ttl) {
        Result result = run(
                        Program.MANAGER,
                        Map.of(),
                        "token",
                        "--data-dir",
                        data().toString(),
                        "--role",
                        "client",
                        "--name",
                        user,
                        "--ttl",
                        ttl)
                .orFail();
        String token = result.out()
                .lines()
                .filter(line -> line.startsWith("token="))
                .findFirst()
                .orElseThrow()
                .substring("token=".length());
        return write(directory.resolve(user + "-token"), token + "\n");
    }

    /** Starts the manager; a second start after an end takes the same port again. */
    public Running startManager(String... options) {
        List<String> command = new ArrayList<>(far);
        command.addAll(Program.MANAGER.command(heap));
        command.addAll(List.of(
                "serve",
                "--data-dir",
                data().toString(),
                "--host",
                managerHost,
                "--port",
                String.valueOf(managerPort)));
        command.addAll(Arrays.asList(options));
        Running started = track(Running.start("manager", directory, command, Map.of()));
        managerPort = started.port("manager-port");
        manager = started;
        return started;
    }

    public Running manager() {
        if (manager == null) {
            throw new IllegalStateException("no manager was started");
        }
        return manager;
    }

    public String managerAddress() {
        return managerHost + ":" + managerPort;
    }

    public int managerPort() {
        return managerPort;
    }

    /** Agents that are started from now on reach the manager at this address, tp when it connects at that one. */
    public Installation through(String agents, String clients) {
        agentsAt = agents;
        clientsAt = clients;
        return this;
    }

    /** Starts an agent in front of a port of this machine; its own port is announced as {@code port-http}. */
    public Running startAgent(String workload, int targetPort, String... options) {
        List<String> command = Program.AGENT.command(heap);
        command.addAll(List.of(
                "--manager",
                agentsAt.isEmpty() ? managerAddress() : agentsAt,
                "--token-file",
                tokenFile("agent-token").toString(),
                "--name",
                workload,
                "--namespace",
                "default",
                "--port",
                "0=127.0.0.1:" + targetPort + ":http"));
        command.addAll(Arrays.asList(options));
        return track(Running.start(
                "agent-" + workload, directory, command, Map.of("TELEPATH_AGENT_DIRECT", String.valueOf(direct))));
    }

    /** Starts anything else that ends with this installation. */
    public Running start(String name, List<String> command, Map<String, String> environment) {
        return track(Running.start(name, directory, command, environment));
    }

    private Running track(Running started) {
        running.push(started);
        return started;
    }

    /** Where a user's daemon keeps its socket, logs and journal. */
    public Path home(String user) {
        return directory.resolve("home-" + user);
    }

    /** Runs {@code tp} as the installation's first user. */
    public Result tp(String... arguments) {
        return tpAs("dev", arguments);
    }

    /** Runs {@code tp} as a user with a daemon of his own. */
    public Result tpAs(String user, String... arguments) {
        return run(Program.TP, tpEnvironment(user), arguments);
    }

    /** The environment in which {@code tp} is that user's. */
    public Map<String, String> tpEnvironment(String user) {
        if (!users.contains(user)) {
            users.add(user);
        }
        Path home = home(user);
        try {
            Files.createDirectories(home);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Map.of(
                "TELEPATH_HOME", home.toString(),
                "XDG_CONFIG_HOME", home.resolve("config").toString(),
                "HOME", home.toString(),
                "NO_COLOR", "1");
    }

    /** Connects the first user. */
    public Result connect(String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "connect",
                "--manager",
                clientsAt.isEmpty() ? managerAddress() : clientsAt,
                "--token-file",
                tokenFile("client-token").toString()));
        arguments.addAll(Arrays.asList(more));
        return tp(arguments.toArray(String[]::new));
    }

    /**
     * Waits until a connected user sees a workload, which is when its agent has attached.
     *
     * @throws IllegalStateException when that takes over half a minute
     */
    public void awaitListed(String user, String workload) {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!tpAs(user, "list").orFail().out().contains(workload)) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("the workload " + workload + " is not listed");
            }
        }
    }

    /** Runs one of the programs to its end, at most two minutes. */
    public Result run(Program program, Map<String, String> environment, String... arguments) {
        List<String> command = new ArrayList<>(program == Program.TP ? near : List.of());
        command.addAll(program.command(heap));
        command.addAll(Arrays.asList(arguments));
        return runCommand(command, environment, Duration.ofMinutes(2));
    }

    /** Runs any command to its end. */
    public Result runCommand(List<String> command, Map<String, String> environment, Duration most) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().putAll(environment);
        builder.environment().remove("TELEPATH_TOKEN");
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            CompletableFuture<String> out = read(process.getInputStream());
            CompletableFuture<String> err = read(process.getErrorStream());
            if (!process.waitFor(most.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException(
                        command + " is still running after " + most + "\n" + out.getNow("") + err.getNow(""));
            }
            return new Result(process.exitValue(), out.get(5, TimeUnit.SECONDS), err.get(5, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (IOException | java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException(command + ": " + e, e);
        }
    }

    private static CompletableFuture<String> read(java.io.InputStream in) {
        var text = new CompletableFuture<String>();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                text.complete(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                text.complete("(" + e.getMessage() + ")");
            }
        });
        return text;
    }

    @Override
    public void close() {
        for (String user : users) {
            tpAs(user, "quit", "-s");
        }
        while (!running.isEmpty()) {
            running.pop().close();
        }
        if (!kept && directory.getFileName().toString().startsWith("telepath-it")) {
            try (var files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
