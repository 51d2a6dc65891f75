package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Duration;
import dev.telepath.client.config.Quantity;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.Caller;
import dev.telepath.client.control.CommandHandler;
import dev.telepath.client.control.Wire;
import dev.telepath.client.dial.StreamLedger;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.home.Journal;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.session.Target;
import dev.telepath.client.workload.Roster;
import dev.telepath.protocol.telepresence.manager.LogLevelRequest;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.carry.CarriedStreams;
import dev.telepath.tunnel.carry.CarrySettings;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the daemon answers. Called on virtual threads, several at a time. */
public final class DaemonCommands implements CommandHandler, AutoCloseable {
    private final Settings settings;
    private final EventLoopGroup loops;
    private final MeterRegistry metrics;
    private final Journal journal;
    private final String version;
    private final LogLevels levels;
    private final Path logs;
    private final Path gatewaySocket;
    private final Credit credit;
    private final StreamLedger ledger;
    private final CarriedStreams carried;
    private final Runnable stop;
    private final Object closing = new Object();
    private @Nullable Engine engine;
    private @Nullable Engaging engaging;
    /** What the command line gave the open connection alone. */
    private JsonNode given = Wire.JSON.createObjectNode();

    /**
     * @param gatewaySocket where processes in network namespaces find this daemon
     * @param stop ends the daemon; called on another thread, after the answer
     */
    public DaemonCommands(
            Settings settings,
            EventLoopGroup loops,
            MeterRegistry metrics,
            Journal journal,
            String version,
            Path logs,
            Path gatewaySocket,
            Runnable stop) {
        this.settings = settings;
        this.loops = loops;
        this.metrics = metrics;
        this.journal = journal;
        this.version = version;
        this.levels = new LogLevels(settings.text(Setting.LOG_LEVEL));
        this.logs = logs;
        this.gatewaySocket = gatewaySocket;
        this.credit = new Credit(settings.bytes(Setting.STREAM_CREDIT), settings.bytes(Setting.STREAM_POOL));
        this.ledger = new StreamLedger(metrics, credit);
        this.carried = new CarriedStreams(
                loops.next(),
                new CarrySettings(
                        settings.bytes(Setting.STREAM_WINDOW),
                        settings.bytes(Setting.STREAM_WINDOW_MOST),
                        settings.bytes(Setting.STREAM_BUDGET),
                        settings.duration(Setting.RESUME_WINDOW),
                        settings.duration(Setting.RESUME_REMEMBER),
                        settings.number(Setting.STREAM_IDLE_LINKS)),
                credit.blocks(),
                metrics);
        this.stop = stop;
        Openings.unmountLeft(journal, System.getenv());
    }

    @Override
    public JsonNode handle(String command, JsonNode args, Caller caller) {
        return switch (command) {
            case "connect" -> connect(args, caller);
            case "quit" -> quit(args, caller);
            case "hand-over" -> handOver(caller);
            case "status" -> status();
            case "reconnect" -> ConnectionCommands.reconnect(required(), settings.duration(Setting.TIMEOUT_CONNECT));
            case "test-stream" -> ConnectionCommands.testStream(required());
            case "notices" -> ConnectionCommands.notices(required().session(), caller);
            case "list" -> list(args);
            case "engage" -> engaging().engage(args, caller);
            case "files" -> new FileCopying(required(), settings.duration(Setting.SHARE_REFRESH)).copy(args, caller);
            case "leave" -> leave(args);
            case "run" -> required().networking().run();
            case "tun-listen" -> required().networking().listen();
            case "tun-start" -> {
                required().networking().startMachine();
                yield status();
            }
            case "version" -> version();
            case "loglevel" -> logLevel(args);
            case "gather-logs" ->
                new LogGathering(logs, version, settings, connected())
                        .gather(Path.of(args.path("file").asText()), args, caller);
            default ->
                throw new Failure(
                        Kind.USAGE,
                        "the daemon knows no command '" + command + "'",
                        "is tp newer than its daemon? tp quit -s");
        };
    }

    private JsonNode connect(JsonNode args, Caller caller) {
        Optional<Engine> running = connected();
        if (running.isPresent()) {
            return Targets.already(running.get(), args);
        }
        caller.progress("finding the manager");
        Targets.Destination destination = Targets.find(args, settings.over(Targets.given(args)), journal);
        Target target = destination.target();
        Engine fresh;
        synchronized (this) {
            if (engine != null) {
                return Targets.already(engine, args);
            }
            fresh = new Engine(
                    target,
                    destination.unused(),
                    destination.settings(),
                    args.path("proxyPort").asInt(0),
                    args.path("fresh").asBoolean(false) ? Restoration.nothing() : Restoration.of(journal, target),
                    loops,
                    metrics,
                    journal,
                    version,
                    credit,
                    ledger,
                    carried,
                    gatewaySocket);
            engine = fresh;
            given = args.path("settings").deepCopy();
            engaging = new Engaging(fresh, destination.settings(), journal);
            Openings.removeLeft(journal, fresh.restoration().engagements());
        }
        caller.onGone(() -> {
            if (!fresh.session().state().word().equals("attached")
                    && fresh.session().attachment().isEmpty()) {
                forget(fresh, fresh.restoration().any());
            }
        });
        caller.progress("attaching to " + target.address());
        try {
            fresh.start();
            Attachment first =
                    fresh.session().awaitAttached(destination.settings().duration(Setting.TIMEOUT_CONNECT));
            ViaAgents.bring(fresh, first, destination.settings().duration(Setting.TIMEOUT_INTERCEPT), caller);
            restore(fresh);
            journal.listens(fresh.proxy().address().getPort());
            ObjectNode result = Views.status(fresh).put("already", false);
            fresh.restoration().describe(result, !first.fresh());
            return result;
        } catch (RuntimeException e) {
            // What could not be taken over yet stays for the next try.
            forget(fresh, fresh.restoration().any());
            throw e;
        }
    }

    private void restore(Engine which) {
        Engaging open;
        synchronized (this) {
            open = engine == which ? engaging : null;
        }
        if (open != null) {
            open.restore(which.restoration().engagements());
        }
    }

    /**
     * @param left whether the session is left to a later connect
     */
    private void forget(Engine which, boolean left) {
        Engaging old;
        synchronized (this) {
            if (engine != which) {
                return;
            }
            old = engaging;
            engine = null;
            engaging = null;
        }
        if (old != null) {
            old.close(left);
        }
        if (left) {
            which.handOver();
        } else {
            which.close();
        }
    }

    /** Ends all but the session and what the journal holds of it, and tells how a later daemon connects to it. */
    private JsonNode handOver(Caller caller) {
        ObjectNode result = Wire.JSON.createObjectNode().put("daemon_stopped", true);
        ArrayNode ending = result.putArray("ending");
        connected().ifPresent(open -> {
            caller.progress("ending streams");
            open.engagements().held().forEach(ending::add);
            result.set("connect", handedOver(open));
            result.put("device", open.networking().hasDevice());
            forget(open, true);
        });
        caller.onGone(stop);
        return result;
    }

    /** The arguments that connect again to the same, with the same of the command line. */
    private synchronized ObjectNode handedOver(Engine open) {
        ObjectNode args = Targets.write(open.session().target());
        if (given.isObject()) {
            args.set("settings", given);
        }
        return args;
    }

    private JsonNode quit(JsonNode args, Caller caller) {
        boolean was = false;
        Optional<Engine> open = connected();
        if (open.isPresent()) {
            caller.progress("ending the session");
            forget(open.get(), false);
            was = true;
        }
        boolean all = args.path("stopDaemon").asBoolean(false);
        if (all) {
            caller.onGone(stop);
        }
        return Wire.JSON.createObjectNode().put("disconnected", was).put("daemon_stopped", all);
    }

    private synchronized Optional<Engine> connected() {
        return Optional.ofNullable(engine);
    }

    private Engine required() {
        return connected().orElseThrow(DaemonCommands::notConnected);
    }

    private synchronized Optional<Engaging> engagingNow() {
        return Optional.ofNullable(engaging);
    }

    private Engaging engaging() {
        return engagingNow().orElseThrow(DaemonCommands::notConnected);
    }

    private static Failure notConnected() {
        return new Failure(Kind.NOT_CONNECTED, "not connected", "tp connect");
    }

    private JsonNode status() {
        ObjectNode result = Wire.JSON.createObjectNode();
        result.putObject("daemon")
                .put("running", true)
                .put("pid", ProcessHandle.current().pid())
                .put("version", version)
                .put("install_id", journal.installId())
                .put("logs", logs.toString());
        connected()
                .ifPresentOrElse(
                        open -> {
                            result.setAll(Views.status(open));
                            engagingNow().ifPresent(mine -> mine.describeOpenings(result.path("engagements")));
                            Views.history(
                                    result.putArray("history"), open.session().history());
                        },
                        () -> result.putObject("connection").put("state", "disconnected"));
        Views.metrics(result.putObject("metrics"), metrics);
        return result;
    }

    private JsonNode list(JsonNode args) {
        Engine open = required();
        Attachment attachment = open.session().required();
        String namespace = args.path("namespace").asText("");
        boolean own =
                namespace.isEmpty() || namespace.equals(open.session().target().namespace());
        Collection<WorkloadInfo> workloads = own && !open.roster().all().isEmpty()
                ? open.roster().all()
                : open.roster().look(attachment, own ? open.session().target().namespace() : namespace);
        ObjectNode result = Wire.JSON.createObjectNode();
        ArrayNode rows = result.putArray("workloads");
        var mine = open.engagements().views();
        workloads.forEach(workload -> Views.workload(rows.addObject(), workload, mine));
        return result;
    }

    private JsonNode leave(JsonNode args) {
        String name = args.path("name").asText("");
        if (!engaging().leave(name)) {
            throw new Failure(Kind.NOT_FOUND, "there is no engagement " + name, "tp status lists them");
        }
        return Wire.JSON.createObjectNode().put("left", name);
    }

    private JsonNode version() {
        ObjectNode result = Wire.JSON.createObjectNode();
        result.put("daemon", version);
        connected().flatMap(open -> open.session().attachment()).ifPresent(live -> {
            result.putObject("manager")
                    .put("name", live.manager().getName())
                    .put("version", live.manager().getVersion());
            ArrayNode agents = result.putArray("agents");
            Roster.agents(live)
                    .forEach(agent -> agents.addObject()
                            .put("name", agent.getName())
                            .put("product", agent.getProduct())
                            .put("version", agent.getVersion()));
        });
        return result;
    }

    private JsonNode logLevel(JsonNode args) {
        String level = args.path("level").asText("");
        java.time.Duration most = Quantity.duration(args.path("duration").asText("30m"));
        ObjectNode result = Wire.JSON.createObjectNode().put("level", level).put("duration_seconds", most.toSeconds());
        if (!args.path("remoteOnly").asBoolean(false)) {
            levels.set(level, most);
        }
        if (!args.path("localOnly").asBoolean(false)) {
            Attachment attachment = required().session().required();
            attachment.call(
                    "set the log level",
                    attachment
                            .manage()
                            .setLogLevel(LogLevelRequest.newBuilder()
                                    .setLogLevel(level)
                                    .setDuration(Duration.newBuilder().setSeconds(most.toSeconds()))
                                    .build()));
        }
        return result;
    }

    /** Ends the session, if there is one. Blocks until that is done, whoever calls first. */
    @Override
    public void close() {
        synchronized (closing) {
            connected().ifPresent(open -> forget(open, false));
            levels.close();
        }
    }
}
