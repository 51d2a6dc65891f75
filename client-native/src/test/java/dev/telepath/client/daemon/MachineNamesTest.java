package dev.telepath.client.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.daemon.NameProbe.Outcome;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which way names go, on a machine that is played. */
class MachineNamesTest {
    private static final InetAddress STUB = InetAddress.ofLiteral("127.0.0.53");
    private static final InetAddress SERVER = InetAddress.ofLiteral("192.0.2.1");
    private static final List<String> DOMAINS = List.of("shop.svc.cluster.local", "~svc");

    private final Played machine = new Played();
    private long nanos;
    private final MachineNames names = new MachineNames(machine, () -> nanos);

    private static final class Played implements MachineNames.Machine {
        private Optional<InetAddress> stub = Optional.of(STUB);
        private List<String> domains = DOMAINS;
        private List<InetAddress> servers = List.of(SERVER);
        private Outcome through = Outcome.CAME_BACK;
        private Outcome redirected = Outcome.CAME_BACK;
        private boolean refuses;
        private final List<String> done = new ArrayList<>();
        private List<String> led = List.of();

        @Override
        public Optional<InetAddress> stub() {
            return stub;
        }

        @Override
        public boolean isTaken() {
            return !led.isEmpty();
        }

        @Override
        public List<String> domains() {
            return domains;
        }

        @Override
        public List<InetAddress> servers() {
            return servers;
        }

        @Override
        public Outcome ask(InetAddress server) {
            return redirected;
        }

        @Override
        public Outcome askThrough(InetAddress asked, String domain) {
            done.add("ask " + domain);
            return through;
        }

        @Override
        public void resolve(List<String> now) {
            if (refuses) {
                throw new Failure(Kind.FAILED, "nobody tells it", "");
            }
            led = now;
            done.add("resolve " + now);
        }

        @Override
        public void redirect(List<InetAddress> now) {
            done.add("redirect " + now.size());
        }

        List<String> done() {
            List<String> all = List.copyOf(done);
            done.clear();
            return all;
        }
    }

    private void pass(Duration time) {
        nanos += time.toNanos();
    }

    @Test
    void whereProgramsAskResolvedItIsToldAndNothingIsRedirected() {
        names.bring();
        assertThat(machine.done()).containsExactly("resolve " + DOMAINS, "ask shop.svc.cluster.local");
        assertThat(names.described()).isEqualTo("systemd-resolved");
        names.bring();
        names.watch();
        assertThat(machine.done()).containsExactly("ask shop.svc.cluster.local");
    }

    @Test
    void whereTheyAskAnotherItsQuestionsAreRedirected() {
        machine.stub = Optional.empty();
        names.bring();
        names.bring();
        assertThat(machine.done()).containsExactly("redirect 1");
        assertThat(names.described()).isEqualTo("redirected");
    }

    @Test
    void otherDomainsAreToldAsTheyChange() {
        names.bring();
        machine.done();
        machine.domains = List.of("shop.svc.cluster.local", "~svc", "~corp");
        names.bring();
        assertThat(machine.done()).first().isEqualTo("resolve " + machine.domains);
        assertThat(names.described()).isEqualTo("systemd-resolved");
    }

    @Test
    void aTestQuestionThatStraysUndoesItAndRedirectsInstead() {
        machine.through = Outcome.STRAYED;
        names.bring();
        assertThat(machine.done())
                .containsExactly("resolve " + DOMAINS, "ask shop.svc.cluster.local", "resolve []", "redirect 1");
        assertThat(names.described()).isEqualTo("redirected, systemd-resolved: the test question did not come here");
    }

    @Test
    void whatStopsWorkingIsUndoneByTheWatchdogAndTriedAgainLater() {
        names.bring();
        machine.through = Outcome.STRAYED;
        machine.done();
        names.watch();
        assertThat(machine.done()).containsExactly("ask shop.svc.cluster.local", "resolve []", "redirect 1");
        machine.through = Outcome.CAME_BACK;
        pass(Duration.ofSeconds(50));
        names.bring();
        assertThat(machine.done()).isEmpty();
        pass(Duration.ofSeconds(20));
        names.bring();
        assertThat(machine.done()).containsExactly("resolve " + DOMAINS, "ask shop.svc.cluster.local", "redirect 0");
        assertThat(names.described()).isEqualTo("systemd-resolved");
    }

    @Test
    void inAnotherNetworkItIsTriedAtOnce() {
        machine.refuses = true;
        names.bring();
        assertThat(names.described()).isEqualTo("redirected, systemd-resolved: nobody tells it");
        machine.refuses = false;
        names.forget();
        names.bring();
        assertThat(names.described()).isEqualTo("systemd-resolved");
    }

    @Test
    void whereProgramsAskResolvedNoMoreItIsUndone() {
        names.bring();
        machine.done();
        machine.stub = Optional.empty();
        names.bring();
        assertThat(machine.done()).containsExactly("resolve []", "redirect 1");
        assertThat(names.described()).isEqualTo("redirected");
    }

    @Test
    void aRedirectThatDoesNotWorkIsUndoneAndTriedAgainLaterOrWithOtherServers() {
        machine.stub = Optional.empty();
        machine.redirected = Outcome.STRAYED;
        names.bring();
        names.bring();
        assertThat(machine.done()).containsExactly("redirect 1", "redirect 0");
        assertThat(names.described()).isEqualTo("not redirected: the test question did not come here");
        machine.redirected = Outcome.NOT_SENT;
        machine.servers = List.of(SERVER, STUB);
        names.bring();
        assertThat(machine.done()).containsExactly("redirect 2");
        assertThat(names.described()).isEqualTo("redirected");
        machine.redirected = Outcome.STRAYED;
        names.watch();
        assertThat(machine.done()).containsExactly("redirect 0");
        pass(Duration.ofSeconds(31));
        machine.redirected = Outcome.CAME_BACK;
        names.bring();
        assertThat(machine.done()).containsExactly("redirect 2");
    }
}
