package dev.telepath.manager.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.manager.relay.Rendezvous.Meeting;
import dev.telepath.manager.session.Arrived;
import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.Settings;
import dev.telepath.manager.settings.Timer;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Protocol;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

class RendezvousTest {
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final ConnectionId ID =
            ConnectionId.of(Protocol.TCP, new InetSocketAddress("127.0.0.1", 1), new InetSocketAddress("127.0.0.1", 2));

    private final Sessions sessions = new Sessions(new Settings(10), InstantSource.system());
    private final Session bob = sessions.arrive(Arrived.BOB, Arrived.client("bob"));
    private final Session eve = sessions.arrive(Arrived.EVE, Arrived.client("eve"));
    private final Rendezvous<String> rendezvous = new Rendezvous<>(new Timer(), Duration.ofMillis(300));

    @Test
    void theAnswerOfTheExpectedSessionIsJoined() {
        var answer = rendezvous.await(ID, bob, LONG).toCompletableFuture();

        assertThat(rendezvous.answer(ID, eve, "eve's")).isEqualTo(Meeting.NEW);
        assertThat(rendezvous.answer(ID, bob, "bob's")).isEqualTo(Meeting.JOINED);
        assertThat(answer).isCompletedWithValue("bob's");
        assertThat(rendezvous.waiting()).isZero();
        assertThat(rendezvous.answer(ID, bob, "again")).isEqualTo(Meeting.NEW);
    }

    @Test
    void aLateAnswerIsNotTakenForANewStreamAndIsForgottenAfterAWhile() {
        var answer = rendezvous.await(ID, bob, Duration.ofMillis(20)).toCompletableFuture();
        await().until(answer::isCompletedExceptionally);

        assertThat(rendezvous.answer(ID, bob, "late")).isEqualTo(Meeting.LATE);
        await().until(() -> rendezvous.answer(ID, bob, "much later") == Meeting.NEW);
    }

    @Test
    void onePlaceIsTakenOnceAndFreeAgainAfterATimeout() {
        var first = rendezvous.await(ID, bob, Duration.ofMillis(20)).toCompletableFuture();
        assertThat(rendezvous.await(ID, bob, LONG).toCompletableFuture()).isCompletedExceptionally();
        await().until(first::isCompletedExceptionally);

        var second = rendezvous.await(ID, bob, LONG).toCompletableFuture();

        assertThat(rendezvous.answer(ID, bob, "answer")).isEqualTo(Meeting.JOINED);
        assertThat(second).isCompletedWithValue("answer");
    }

    @Test
    void theEndOfTheSessionEndsItsWaits() {
        sessions.changes().listen(rendezvous::sweep);
        var answer = rendezvous.await(ID, bob, LONG).toCompletableFuture();

        sessions.depart(Arrived.BOB, bob.id());

        assertThat(answer).isCompletedExceptionally();
        assertThat(rendezvous.waiting()).isZero();
    }

    @Test
    void theEndOfAStreamDoesNotTouchTheNextOneOfTheSameId() {
        var first = rendezvous.await(ID, bob, LONG);
        assertThat(rendezvous.answer(ID, bob, "first")).isEqualTo(Rendezvous.Meeting.JOINED);
        var second = rendezvous.await(ID, bob, LONG);
        rendezvous.giveUp(first, "the first call ended");
        assertThat(second.toCompletableFuture()).isNotDone();
        assertThat(rendezvous.answer(ID, bob, "second")).isEqualTo(Rendezvous.Meeting.JOINED);
        assertThat(second.toCompletableFuture()).isCompletedWithValue("second");
    }
}
