package dev.telepath.client.daemon;

import dev.telepath.client.failure.Failure;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;

/**
 * How this machine's programs come by the cluster's names. Where they ask systemd-resolved, that is told which domains are asked by the
 * device, so that no other name comes here. Everywhere else, and where a test question says that this does not work, what is
 * sent to this machine's name servers is redirected. One thread at a time, but for {@link #described}.
 */
final class MachineNames implements NamesLed {
    private static final Logger LOG = Logger.getLogger(MachineNames.class);
    /** A machine that was too busy to answer itself will not be so for ever. */
    private static final Duration REDIRECT_AGAIN = Duration.ofSeconds(30);
    /** While it is tried the cluster's names may be lost for a second. */
    private static final Duration RESOLVED_AGAIN = Duration.ofMinutes(1);
    /** Until systemd-resolved has been told, which some programs do one after the other. */
    private static final Duration TAKEN = Duration.ofSeconds(10);

    private static final int LOOK_MILLIS = 20;

    private final Machine machine;
    private final LongSupplier nanoClock;
    private Way way = new Way.None("not tried yet");
    private String resolvedTrouble = "";
    private long resolvedTroubleAt;
    private long redirectTroubleAt;
    private List<InetAddress> tried = List.of();
    private String told = "";
    private volatile String described = "not redirected: not tried yet";

    /** What this sees of the machine, and does to it. */
    interface Machine {
        /** Where systemd-resolved takes programs' questions; empty where they ask another. */
        Optional<InetAddress> stub();

        /** Whether it can be seen that systemd-resolved has taken the domains, or cannot. */
        boolean isTaken();

        /** Domains as systemd-resolved takes them, first one that is the cluster's. */
        List<String> domains();

        /** This machine's name servers. */
        List<InetAddress> servers();

        /** Sees whether a question to a server that is redirected comes here. Blocks, a second at most. */
        NameProbe.Outcome ask(InetAddress server);

        /** Sees whether a question of a domain comes here through systemd-resolved. Blocks, a second at most. */
        NameProbe.Outcome askThrough(InetAddress stub, String domain);

        /** Has systemd-resolved told which domains are asked by the device; none for none. */
        void resolve(List<String> domains);

        /** Has what is sent to these servers redirected; none for none. */
        void redirect(List<InetAddress> servers);
    }

    private sealed interface Way {
        /** Domains that systemd-resolved asks for here. */
        record Resolved(InetAddress stub, List<String> domains) implements Way {}

        /** Servers whose questions are redirected here. */
        record Redirected(List<InetAddress> servers) implements Way {}

        /** Names do not come here. */
        record None(String why) implements Way {}
    }

    MachineNames(Machine machine) {
        this(machine, System::nanoTime);
    }

    /** The same with another clock. */
    MachineNames(Machine machine, LongSupplier nanoClock) {
        this.machine = machine;
        this.nanoClock = nanoClock;
        forget();
    }

    @Override
    public void forget() {
        resolvedTroubleAt = nanoClock.getAsLong() - RESOLVED_AGAIN.toNanos();
        redirectTroubleAt = nanoClock.getAsLong() - REDIRECT_AGAIN.toNanos();
    }

    @Override
    public void bring() {
        Optional<InetAddress> stub = machine.stub();
        List<String> domains = stub.isPresent() ? machine.domains() : List.of();
        if (stub.isEmpty() || domains.isEmpty()) {
            resolvedTrouble = "";
            unresolve();
            redirect();
        } else if (way instanceof Way.Resolved || isOver(resolvedTroubleAt, RESOLVED_AGAIN)) {
            resolve(stub.get(), domains);
        } else {
            redirect();
        }
        describe();
    }

    @Override
    public void watch() {
        switch (way) {
            case Way.Resolved(InetAddress stub, List<String> domains) -> {
                if (machine.askThrough(stub, plain(domains)) == NameProbe.Outcome.STRAYED) {
                    instead("questions were not answered any more");
                }
            }
            case Way.Redirected(List<InetAddress> servers) -> {
                if (!servers.isEmpty() && strays(servers.getFirst())) {
                    machine.redirect(List.of());
                    trouble("questions were not answered any more");
                }
            }
            case Way.None none -> {}
        }
        describe();
    }

    private boolean isOver(long since, Duration most) {
        return nanoClock.getAsLong() - since >= most.toNanos();
    }

    private void resolve(InetAddress stub, List<String> domains) {
        if (way instanceof Way.Resolved(var before, var led) && before.equals(stub) && led.equals(domains)) {
            return;
        }
        try {
            machine.resolve(domains);
            if (!awaitTaken()) {
                instead("it did not take the domains; the log privileged.out may say why");
                return;
            }
            if (machine.askThrough(stub, plain(domains)) == NameProbe.Outcome.STRAYED) {
                instead("the test question did not come here");
                return;
            }
            if (way instanceof Way.Redirected) {
                machine.redirect(List.of());
            }
            way = new Way.Resolved(stub, domains);
            resolvedTrouble = "";
            LOG.infof("names by systemd-resolved domains=%s", domains);
        } catch (Failure e) {
            instead(e.message());
        }
    }

    private boolean awaitTaken() {
        long began = System.nanoTime();
        while (!machine.isTaken()) {
            if (System.nanoTime() - began > TAKEN.toNanos()) {
                return false;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    /** Undoes what systemd-resolved was told, and redirects instead. */
    private void instead(String why) {
        if (!why.equals(resolvedTrouble)) {
            LOG.warnf("names not by systemd-resolved, redirected instead cause=\"%s\"", why);
        }
        resolvedTrouble = why;
        resolvedTroubleAt = nanoClock.getAsLong();
        try {
            machine.resolve(List.of());
        } catch (Failure e) {
            LOG.debugf("systemd-resolved not told cause=\"%s\"", e.message());
        }
        if (way instanceof Way.Resolved) {
            way = new Way.None(why);
        }
        redirect();
    }

    private void unresolve() {
        if (way instanceof Way.Resolved) {
            way = new Way.None("this machine asks systemd-resolved no more");
            machine.resolve(List.of());
        }
    }

    /** Redirects the questions to this machine's name servers, as they are now, if that works. */
    private void redirect() {
        List<InetAddress> wanted = machine.servers();
        boolean waits = way instanceof Way.None && wanted.equals(tried) && !isOver(redirectTroubleAt, REDIRECT_AGAIN);
        if (waits || (way instanceof Way.Redirected(var servers) && servers.equals(wanted))) {
            return;
        }
        tried = wanted;
        try {
            machine.redirect(wanted);
            way = new Way.Redirected(wanted);
            if (!wanted.isEmpty() && strays(wanted.getFirst())) {
                machine.redirect(List.of());
                trouble("the test question did not come here");
            } else {
                told = "";
                LOG.infof("names redirected servers=%s", wanted);
            }
        } catch (Failure e) {
            trouble(e.message());
        }
    }

    /** Where no route leads to a server, as in a network that is away, a redirect does no harm, and is needed when it is back. */
    private boolean strays(InetAddress server) {
        return machine.ask(server) == NameProbe.Outcome.STRAYED;
    }

    /** Told once, however often it is tried again. */
    private void trouble(String why) {
        if (!why.equals(told)) {
            told = why;
            LOG.warnf("names not redirected cause=\"%s\"", why);
        }
        redirectTroubleAt = nanoClock.getAsLong();
        way = new Way.None(why);
    }

    private static String plain(List<String> domains) {
        String first = domains.getFirst();
        return first.startsWith("~") ? first.substring(1) : first;
    }

    private void describe() {
        described = switch (way) {
            case Way.Resolved resolved -> "systemd-resolved";
            case Way.Redirected(var servers)
            when servers.isEmpty() -> "not redirected: this machine has no name server";
            case Way.Redirected redirected ->
                resolvedTrouble.isEmpty() ? "redirected" : "redirected, systemd-resolved: " + resolvedTrouble;
            case Way.None(String why) -> "not redirected: " + why;
        };
    }

    @Override
    public String described() {
        return described;
    }
}
