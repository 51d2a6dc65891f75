package dev.telepath.client.daemon;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.ControlServer;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.home.DaemonHome;
import dev.telepath.client.home.Journal;
import dev.telepath.client.logs.DaemonLog;
import dev.telepath.client.memory.IdlePages;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import io.quarkus.arc.Unremovable;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.logging.Logger;
import org.jboss.logmanager.formatters.PatternFormatter;
import org.jspecify.annotations.Nullable;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** The daemon's life inside Quarkus: opens the control socket, waits until it is told to end, and undoes everything. */
@Singleton
@Unremovable
public class DaemonApplication implements QuarkusApplication {
    private static final org.jboss.logging.Logger LOG = org.jboss.logging.Logger.getLogger(DaemonApplication.class);

    private final MeterRegistry metrics;
    private volatile @Nullable DaemonCommands open;

    public DaemonApplication(MeterRegistry metrics) {
        this.metrics = metrics;
    }

    /**
     * @param args the configuration file, if one was named
     * @return the exit code
     */
    @Override
    public int run(String... args) {
        Optional<Path> file = args.length == 0 ? Optional.empty() : Optional.of(Path.of(args[0]));
        try {
            return serve(Settings.resolve(Map.of(), System.getenv(), file), DaemonHome.locate(System.getenv()));
        } catch (Failure e) {
            LOG.errorf("daemon not started cause=\"%s\" hint=\"%s\"", e.message(), e.hint());
            return e.kind().exitCode();
        }
    }

    /** SIGTERM: the session is ended while the runtime that its calls need is still there. */
    void stopping(@Observes ShutdownEvent event) {
        DaemonCommands commands = open;
        if (commands != null) {
            commands.close();
        }
    }

    private int serve(Settings settings, DaemonHome home) {
        home.create();
        var log = new DaemonLog(
                home.logs(),
                settings.bytes(Setting.LOG_MAX_SIZE),
                settings.number(Setting.LOG_KEEP),
                new PatternFormatter("%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5p [%c{1}] (%t) %s%e%n"));
        // What fails after its watch was cancelled interests nobody: the loss itself was reported by the first watch.
        Infrastructure.setDroppedExceptionHandler(late -> LOG.debugf("late failure cause=\"%s\"", late));
        // No context (request scope, transaction) goes with our streams; to carry one along costs a tenth of a byte's
        // way.
        Infrastructure.clearInterceptors();
        Logger root = Logger.getLogger("");
        root.addHandler(log);
        String version = Version.current();
        var loops = new NioEventLoopGroup(settings.number(Setting.IO_THREADS));
        try (var commands = new DaemonCommands(
                        settings,
                        loops,
                        metrics,
                        new Journal(home.journal()),
                        version,
                        home.logs(),
                        home.gateway(),
                        Quarkus::asyncExit);
                ControlServer server = ControlServer.open(home.socket(), home.lock(), commands, version);
                var _ = IdlePages.start(metrics)) {
            metrics.gauge("telepath.control.connections", server, ControlServer::connections);
            metrics.gauge("telepath.log.lines.dropped", log, DaemonLog::dropped);
            endAtSignals();
            LOG.infof(
                    "daemon started version=%s pid=%d",
                    version, ProcessHandle.current().pid());
            Quarkus.waitForExit();
            LOG.infof("daemon ending");
        } finally {
            loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(3, TimeUnit.SECONDS);
            root.removeHandler(log);
            log.close();
        }
        return 0;
    }

    /**
     * Ends the daemon at a signal as {@code tp quit -s} does: shutdown hooks would stop Quarkus before the manager is told. Not
     * before it runs: Quarkus forgets an earlier wish. A signal that is ignored stays so.
     */
    private static void endAtSignals() {
        SignalHandler end = signal -> Quarkus.asyncExit(128 + signal.getNumber());
        for (String each : List.of("TERM", "INT", "HUP")) {
            var signal = new Signal(each);
            if (Signal.handle(signal, end) == SignalHandler.SIG_IGN) {
                Signal.handle(signal, SignalHandler.SIG_IGN);
            }
        }
    }
}
