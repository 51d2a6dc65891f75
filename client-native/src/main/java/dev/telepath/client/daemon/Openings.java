package dev.telepath.client.daemon;

import com.google.protobuf.ByteString;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.engagement.EngagementKind;
import dev.telepath.client.engagement.EngagementSpec;
import dev.telepath.client.engagement.LocalAccess;
import dev.telepath.client.engagement.PortMapping;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.home.Journal;
import dev.telepath.client.mount.MountTable;
import dev.telepath.client.mount.SshfsMount;
import dev.telepath.client.proxy.PodForward;
import dev.telepath.client.proxy.PodForward.FarPort;
import dev.telepath.client.workload.Share;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.v1.Offering;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What engagements have opened on this machine: ports that lead to pods, and folders with the workload's files. Thread-safe;
 * blocks, so on virtual threads alone.
 */
final class Openings {
    private static final Logger LOG = Logger.getLogger(Openings.class);
    /** Folders that were made for one engagement are called so, and no other is ever removed. */
    static final String OWN_FOLDER = "telepath-mount-";

    /**
     * What an engagement has opened here, as users see it.
     *
     * @param access what was asked for
     * @param mounted whether its folder is a mount now, and not a copy
     * @param writable paths in it that may be written to
     */
    record Shown(LocalAccess access, boolean mounted, List<String> writable) {}

    /** What one engagement has. */
    private static final class Opened {
        final EngagementSpec spec;
        final List<PodForward> forwards = new ArrayList<>();

        @Nullable
        SshfsMount mount;

        List<String> writable = List.of();

        Opened(EngagementSpec spec) {
            this.spec = spec;
        }

        Path folder() {
            return Path.of(spec.access().mount());
        }

        boolean hasFolder() {
            return !spec.access().mount().isEmpty();
        }
    }

    private static final Duration FIRST_WAIT = Duration.ofMillis(500);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    private final Engine engine;
    private final Settings settings;
    private final Journal journal;
    private final Map<String, String> environment;
    private final Map<String, Opened> opened = new HashMap<>();
    private boolean closed;

    /**
     * @param environment of this process
     */
    Openings(Engine engine, Settings settings, Journal journal, Map<String, String> environment) {
        this.engine = engine;
        this.settings = settings;
        this.journal = journal;
        this.environment = environment;
    }

    /** Whatever comes of an engagement is written down before it is made, so that it can be undone. */
    synchronized void begin(EngagementSpec spec) {
        opened.put(spec.name(), new Opened(spec));
        note();
    }

    private synchronized Opened of(EngagementSpec spec) {
        Opened mine = opened.get(spec.name());
        if (mine == null) {
            throw new Failure(Kind.INTERRUPTED, spec.name() + " was left meanwhile", "");
        }
        return mine;
    }

    private void note() {
        journal.mounted(opened.values().stream()
                .filter(Opened::hasFolder)
                .map(each -> new Journal.Mount(
                        each.spec.access().mount(), each.spec.access().mountOwned()))
                .toList());
    }

    /**
     * Listens on the ports of {@code --to-pod} and {@code --local-mount-port}.
     *
     * @throws Failure of kind CONFLICT when one is taken
     */
    void forward(EngagementSpec spec) {
        Opened mine = of(spec);
        for (PortMapping port : spec.access().toPod()) {
            listen(mine, port.local(), "--to-pod", () -> pod(spec.name(), port.local()));
        }
        if (spec.access().mountPort() > 0) {
            listen(mine, spec.access().mountPort(), "--local-mount-port", () -> files(spec));
        }
    }

    private void listen(Opened mine, int port, String option, Supplier<CompletionStage<FarPort>> where) {
        PodForward forward = PodForward.listen(port, option, where, engine.loops(), engine.outbound());
        synchronized (this) {
            if (!closed && opened.get(mine.spec.name()) == mine) {
                mine.forwards.add(forward);
                return;
            }
        }
        forward.close();
    }

    private CompletionStage<FarPort> pod(String name, int port) {
        return engine.engagements()
                .info(name)
                .map(InterceptInfo::getPodIp)
                .filter(ip -> !ip.isEmpty())
                .map(ip -> CompletableFuture.completedFuture(new FarPort(ip, port, ByteString.EMPTY)))
                .orElseGet(() -> CompletableFuture.failedFuture(
                        new Failure(Kind.FAILED, "the pod of " + name + " is not known", "")));
    }

    private CompletionStage<FarPort> files(EngagementSpec spec) {
        var result = new CompletableFuture<FarPort>();
        Thread.ofVirtual().start(() -> {
            try {
                Offering.Share share = mountable(spec);
                result.complete(new FarPort(
                        InetAddress.getByAddress(share.getAddress().toByteArray())
                                .getHostAddress(),
                        share.getSftpPort(),
                        ByteString.copyFromUtf8(Share.sftpGreeting(share))));
            } catch (IOException | RuntimeException e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    /** What is lent now: its address and token are others after the agent was made anew. */
    private Offering.Share mountable(EngagementSpec spec) throws IOException {
        var attachment = engine.session().attachment().orElseThrow(() -> new IOException("the manager is away"));
        Offering.Share share = Lending.files(attachment, spec);
        if (share.getSftpPort() == 0) {
            throw new IOException("its agent serves no files by SFTP");
        }
        return share;
    }

    /**
     * What of a workload's files may be written through a mount. An ingest and a wiretap leave the workload alone.
     */
    static List<String> writable(EngagementSpec spec, Offering.Share share) {
        boolean inItsPlace = spec.kind() == EngagementKind.INTERCEPT || spec.kind() == EngagementKind.REPLACE;
        return inItsPlace && !spec.access().readOnly() ? share.getWritablePathsList() : List.of();
    }

    /**
     * Brings the files to the folder, by a mount if possible.
     *
     * @return empty when they are mounted, else why they were copied
     * @throws Failure when they could not be copied either
     */
    Optional<String> mount(EngagementSpec spec, Offering.Share share) {
        Opened mine = of(spec);
        Optional<String> obstacle = obstacle(spec.access(), share);
        if (obstacle.isEmpty()) {
            List<String> writable = writable(spec, share);
            SshfsMount mount = SshfsMount.start(mine.folder(), () -> way(spec), writable.isEmpty(), environment);
            if (mount.await(settings.duration(Setting.SHARE_MOUNT))) {
                hold(mine, mount, writable);
                return Optional.empty();
            }
            mount.close();
            obstacle = Optional.of("sshfs could not mount them: " + mount.trouble());
        }
        engine.share().copy(share, mine.folder());
        return obstacle;
    }

    private Socket way(EngagementSpec spec) throws IOException {
        return engine.share().sftp(mountable(spec));
    }

    private void hold(Opened mine, SshfsMount mount, List<String> writable) {
        synchronized (this) {
            if (!closed && opened.get(mine.spec.name()) == mine) {
                mine.mount = mount;
                mine.writable = List.copyOf(writable);
                return;
            }
        }
        mount.close();
    }

    private Optional<String> obstacle(LocalAccess access, Offering.Share share) {
        if (access.copied()) {
            return Optional.of("a container has to read them");
        }
        if (settings.text(Setting.SHARE_MODE).equals("copy")) {
            return Optional.of("share.mode is copy");
        }
        return share.getSftpPort() == 0
                ? Optional.of("the agent is of a version that serves no SFTP")
                : MountTable.lacks(environment);
    }

    /** Opens again what an earlier daemon had. What cannot be is told in the log; the engagement stays. Does not wait. */
    void restore(List<EngagementSpec> specs) {
        for (EngagementSpec spec : specs) {
            if (spec.access().equals(LocalAccess.NONE)) {
                continue;
            }
            begin(spec);
            try {
                forward(spec);
            } catch (Failure e) {
                LOG.warnf("forward not restored engagement=%s cause=\"%s\"", spec.name(), e.message());
            }
            if (!spec.access().mount().isEmpty()) {
                Thread.ofVirtual().name("restore-mount").start(() -> restoreMount(spec));
            }
        }
    }

    /** Tries until the files are there or the engagement is left: its agent may be attaching again just now. */
    private void restoreMount(EngagementSpec spec) {
        Duration wait = FIRST_WAIT;
        String told = "";
        while (opens(spec)) {
            try {
                Path folder = Files.createDirectories(Path.of(spec.access().mount()));
                mount(spec, Lending.files(engine.session().required(), spec));
                LOG.infof("files restored engagement=%s folder=%s", spec.name(), folder);
                return;
            } catch (IOException | Failure e) {
                String cause = String.valueOf(e.getMessage());
                if (!cause.equals(told)) {
                    told = cause;
                    LOG.warnf("files not restored yet engagement=%s cause=\"%s\"", spec.name(), cause);
                }
            }
            try {
                TimeUnit.MILLISECONDS.sleep(wait.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            wait = wait.multipliedBy(2).compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait.multipliedBy(2);
        }
    }

    /** What the engagement has opened, if anything. */
    synchronized Optional<Shown> shown(String name) {
        return Optional.ofNullable(opened.get(name))
                .filter(mine -> !mine.spec.access().equals(LocalAccess.NONE))
                .map(mine -> new Shown(
                        mine.spec.access(), mine.mount != null, mine.mount == null ? List.of() : mine.writable));
    }

    /** Whether the engagement is still the one that opened something here. */
    private synchronized boolean opens(EngagementSpec spec) {
        Opened mine = opened.get(spec.name());
        return !closed && mine != null && mine.spec == spec;
    }

    /** Takes back what an engagement opened. */
    void close(String name) {
        Opened mine;
        synchronized (this) {
            mine = opened.get(name);
        }
        if (mine != null) {
            end(mine);
            if (mine.spec.access().mountOwned()) {
                Share.remove(mine.folder());
            }
            synchronized (this) {
                opened.remove(name, mine);
                note();
            }
        }
    }

    /**
     * Takes back what all have opened.
     *
     * @param left whether a later daemon is to open it again: folders stay then
     */
    void close(boolean left) {
        List<Opened> all;
        Set<String> held = Set.copyOf(engine.engagements().held());
        synchronized (this) {
            closed = true;
            all = List.copyOf(opened.values());
        }
        for (Opened each : all) {
            if (left && !held.contains(each.spec.name())) {
                end(each);
            } else {
                close(each.spec.name());
            }
        }
    }

    private void end(Opened mine) {
        SshfsMount mount;
        List<PodForward> forwards;
        synchronized (this) {
            mount = mine.mount;
            mine.mount = null;
            forwards = List.copyOf(mine.forwards);
            mine.forwards.clear();
        }
        forwards.forEach(PodForward::close);
        if (mount != null) {
            mount.close();
        }
    }

    /** Takes away mounts that a daemon left which could not do so itself. */
    static void unmountLeft(Journal journal, Map<String, String> environment) {
        journal.mounts().forEach(each -> MountTable.unmount(Path.of(each.folder()), environment));
    }

    /** Removes folders that a daemon left and nobody restores. */
    static void removeLeft(Journal journal, List<EngagementSpec> restored) {
        Set<String> kept = restored.stream().map(spec -> spec.access().mount()).collect(Collectors.toSet());
        for (Journal.Mount each : journal.mounts()) {
            Path folder = Path.of(each.folder());
            boolean own = each.owned() && String.valueOf(folder.getFileName()).startsWith(OWN_FOLDER);
            if (own && !kept.contains(each.folder()) && Files.isDirectory(folder) && !MountTable.mounted(folder)) {
                Share.remove(folder);
            }
        }
        journal.mounted(journal.mounts().stream()
                .filter(each -> kept.contains(each.folder()))
                .toList());
    }
}
