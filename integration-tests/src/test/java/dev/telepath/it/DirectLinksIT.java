package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import dev.telepath.harness.Checksummed;
import dev.telepath.harness.Checksummed.Plan;
import dev.telepath.harness.Checksummed.Report;
import dev.telepath.harness.Checksummed.Way;
import dev.telepath.harness.ChecksummedServer;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Metrics;
import dev.telepath.harness.Running;
import dev.telepath.protocol.v1.LinkWatch;
import dev.telepath.protocol.v1.StreamsGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A laptop that reaches an agent itself: traffic goes past the manager, with it, without it, and by it where the way breaks. */
@Timeout(240)
class DirectLinksIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Pattern LISTENS =
            Pattern.compile("listens for clients past the manager address=\\S+ port=(\\d+)");

    private Installation telepath;
    private ChecksummedServer workload;
    private ChecksummedServer laptop;
    private Running agent;
    private int web;

    @BeforeEach
    void intercept() throws Exception {
        telepath = Installation.temporary().init().direct();
        telepath.startManager();
        workload = ChecksummedServer.start();
        laptop = ChecksummedServer.start();
        // Shorter than a manager is away below.
        var config = telepath.write(
                telepath.directory().resolve("agent.properties"), "telepath.agent.engagement-grace=2s\n");
        agent = telepath.startAgent("web", workload.port(), "--config", config.toString());
        web = agent.port("port-http");
        telepath.connect().orFail();
        telepath.awaitListed("dev", "web");
    }

    @AfterEach
    void end() {
        telepath.close();
        workload.close();
        laptop.close();
    }

    private void engage() {
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        awaitConnected(1);
    }

    private JsonNode connection() throws Exception {
        return JSON.readTree(telepath.tp("status", "--output", "json").orFail().out())
                .path("connection");
    }

    private void awaitConnected(int agents) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(
                                connection().path("direct").path("connected").asInt())
                        .isEqualTo(agents));
    }

    /** Streams both ways, every byte judged. */
    private Report exchange(int streams) throws Exception {
        try (var load = Checksummed.start(new Plan(streams, 200_000, 200_000, 0, streams), Way.to(web))) {
            return load.await(Duration.ofSeconds(120));
        }
    }

    private double links() {
        return gauge("telepath_links_total");
    }

    private long connections() {
        return agent.log()
                .lines()
                .filter(line -> line.contains("client connected past the manager"))
                .count();
    }

    @Test
    void whatIsInterceptedGoesPastTheManager() throws Exception {
        engage();

        assertThat(exchange(50).whole()).isTrue();

        assertThat(links()).as("links by the manager").isZero();
        assertThat(telepath.tp("status").orFail().out())
                .contains("direct links")
                .contains("1 of 1 agents");
    }

    @Test
    void openStreamsAndNewOnesDoNotNoticeThatTheManagerIsGone() throws Exception {
        engage();
        try (var load = Checksummed.start(new Plan(50, 400_000, 400_000, 50_000, 7), Way.to(web))) {
            await().atMost(SOON).until(() -> load.report().bytesReceived() > 1_000_000);

            long before = workload.accepted();
            telepath.manager().kill();
            await().atMost(SOON)
                    .untilAsserted(() ->
                            assertThat(connection().path("state").asText()).isNotEqualTo("attached"));
            await().during(Duration.ofSeconds(4))
                    .atMost(SOON)
                    .until(() -> exchange(5).whole());
            assertThat(workload.accepted())
                    .as("connections that did not come to the laptop while there is no manager")
                    .isEqualTo(before);
            assertThat(connection().path("direct").path("connected").asInt()).isEqualTo(1);

            telepath.startManager();
            await().atMost(SOON)
                    .untilAsserted(() ->
                            assertThat(connection().path("state").asText()).isEqualTo("attached"));
            Report report = load.await(Duration.ofSeconds(120));
            assertThat(report.whole()).as(report.toString()).isTrue();
        }
        assertThat(exchange(20).whole()).as("opened after it").isTrue();
        assertThat(connections())
                .as("the connection stays, whatever a new manager lists at first")
                .isEqualTo(1);
    }

    /** By the proxy, as by device and tp run: the manager chooses who dials, and the agent it has chosen is reached past it. */
    @Test
    void whatTheLaptopDialsGoesPastTheManagerOnceThatHasChosenAndSurvivesIt() throws Exception {
        engage();
        Way proxy = proxy();
        assertThat(dialled(proxy, 1, 0).await(SOON).whole()).isTrue();
        double chosen = links();
        assertThat(chosen).as("links by the manager").isPositive();

        assertThat(dialled(proxy, 50, 0).await(SOON).whole()).isTrue();
        assertThat(links()).as("links by the manager").isEqualTo(chosen);

        try (var load = dialled(proxy, 50, 50_000)) {
            await().atMost(SOON).until(() -> load.report().bytesReceived() > 1_000_000);
            telepath.manager().kill();
            await().atMost(SOON)
                    .untilAsserted(() ->
                            assertThat(connection().path("state").asText()).isNotEqualTo("attached"));
            Report report = load.await(Duration.ofSeconds(60));
            assertThat(report.whole()).as(report.toString()).isTrue();
            assertThat(connection().path("state").asText())
                    .as("all without a manager")
                    .isNotEqualTo("attached");
        }
        telepath.startManager();
        awaitConnected(1);
        await().atMost(SOON)
                .untilAsserted(
                        () -> assertThat(connection().path("state").asText()).isEqualTo("attached"));
        assertThat(dialled(proxy, 20, 0).await(SOON).whole()).isTrue();
    }

    /** What was open before there was a way past the manager is moved to it: nobody notices, and the manager may go. */
    @Test
    void whatTheManagerHasCarriedBeforeTheLaptopReachesTheAgentIsMovedPastIt() throws Exception {
        try (var load = dialled(proxy(), 20, 20_000)) {
            await().atMost(SOON)
                    .until(() -> load.report().bytesReceived() > 100_000 && gauge("telepath_links_open") >= 20);
            engage();
            await().atMost(SOON).until(() -> gauge("telepath_links_open") == 0);
            telepath.manager().kill();
            load.hurry();

            Report report = load.await(Duration.ofSeconds(60));
            assertThat(report.whole()).as(report.toString()).isTrue();
        }
        assertThat(agent.log()).doesNotContain("streams suspended");
    }

    private double gauge(String name) {
        return Metrics.sum(Metrics.scrape("https://" + telepath.managerAddress()), name);
    }

    private Way proxy() throws Exception {
        return Way.throughSocks(
                JSON.readTree(telepath.tp("status", "--output", "json").orFail().out())
                        .at("/proxy/port")
                        .asInt(),
                "127.0.0.1",
                workload.port());
    }

    private static Checksummed dialled(Way way, int streams, long pace) {
        return Checksummed.start(new Plan(streams, 200_000, 200_000, pace, streams + pace), way);
    }

    @Test
    void aDaemonThatIsReplacedConnectsToTheAgentAgain() throws Exception {
        engage();
        telepath.tp("restart").orFail();

        awaitConnected(1);
        assertThat(exchange(20).whole()).isTrue();
        assertThat(connections()).isEqualTo(2);
    }

    @Test
    void nobodyEngagedMeansNoPortAndSwitchedOffNoConnection() throws Exception {
        assertThat(agent.log()).doesNotContain("listens for clients");
        engage();
        int port = port();
        telepath.tp("leave", "web").orFail();

        await().atMost(SOON)
                .untilAsserted(() -> assertThatThrownBy(
                                () -> new java.net.Socket(java.net.InetAddress.getLoopbackAddress(), port).close())
                        .isInstanceOf(java.net.ConnectException.class));
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(connection().has("direct")).isFalse());

        telepath.tp("quit", "-s").orFail();
        var config = telepath.write(telepath.directory().resolve("off.yml"), "stream:\n  direct: off\n");
        telepath.connect("--config", config.toString()).orFail();
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        await().atMost(SOON).until(() -> exchange(5).whole() && links() > 0);
        assertThat(connection().has("direct")).isFalse();
    }

    private int port() {
        Matcher said = LISTENS.matcher(agent.log());
        int port = 0;
        while (said.find()) {
            port = Integer.parseInt(said.group(1));
        }
        assertThat(port).isPositive();
        return port;
    }

    @Test
    void whoShowsNoTicketOfTheManagersIsAnsweredNothing() throws Exception {
        engage();
        String session = connection().path("session_id").asText();
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", port())
                .overrideAuthority("anybody")
                .sslContext(GrpcSslContexts.forClient()
                        .trustManager(InsecureTrustManagerFactory.INSTANCE)
                        .build())
                .build();
        try {
            assertThat(watch(channel, session, new Metadata())).isEqualTo(Status.Code.UNAUTHENTICATED);
            assertThat(watch(channel, session, shown(session, ByteString.copyFrom(new byte[32]))))
                    .isEqualTo(Status.Code.UNAUTHENTICATED);
            assertThat(watch(channel, session, shown(session, ByteString.EMPTY)))
                    .isEqualTo(Status.Code.UNAUTHENTICATED);
        } finally {
            channel.shutdownNow();
        }
        assertThat(exchange(5).whole()).isTrue();
        assertThat(connections()).isEqualTo(1);
    }

    private static Metadata shown(String session, ByteString ticket) {
        var headers = new Metadata();
        headers.put(Metadata.Key.of("telepath-session", Metadata.ASCII_STRING_MARSHALLER), session);
        headers.put(
                Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
                "Bearer " + Base64.getUrlEncoder().withoutPadding().encodeToString(ticket.toByteArray()));
        return headers;
    }

    private static Status.Code watch(ManagedChannel channel, String session, Metadata headers) {
        var stub = StreamsGrpc.newBlockingStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                .withDeadlineAfter(20, TimeUnit.SECONDS);
        try {
            stub.watchLinks(LinkWatch.newBuilder().setSessionId(session).build())
                    .next();
            return Status.Code.OK;
        } catch (StatusRuntimeException e) {
            return e.getStatus().getCode();
        }
    }
}
