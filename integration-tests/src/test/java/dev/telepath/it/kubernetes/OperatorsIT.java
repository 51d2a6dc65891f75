package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import dev.telepath.harness.Running;
import java.io.ByteArrayInputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * The manager beside what others run in a cluster: cert-manager, whose controller runs here beside the API server, and the
 * resources of Prometheus' operator. Both are taken as they are where the cluster has them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(420)
@NullUnmarked
class OperatorsIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Without a Go cache cert-manager takes some minutes to be made. */
    private static final Duration BUILD = Duration.ofMinutes(20);
    /** A kubelet brings a changed Secret to its pods within its sync period, a minute and more. */
    private static final Duration SERVED = Duration.ofMinutes(5);

    private static final String CERTIFICATES = "certificates.cert-manager.io";
    private static final String MONITORS = "servicemonitors.monitoring.coreos.com";

    private final List<String> crds = new ArrayList<>();
    private InstalledProduct product;
    private Running controller;

    @BeforeAll
    @Timeout(1500)
    void install() {
        product = InstalledProduct.here("operators");
        boolean certManager = product.kubectl("get", "crd", CERTIFICATES).exit() == 0;
        boolean monitors = product.kubectl("get", "crd", MONITORS).exit() == 0;
        product.kubectl("create", "namespace", product.home()).orFail();
        if (!certManager || !monitors) {
            Path made = made();
            if (!monitors) {
                define(made.resolve("servicemonitors.yaml"), MONITORS);
            }
            if (!certManager) {
                define(made.resolve("cert-manager.yaml"), CERTIFICATES);
                controller = Running.start(
                        "cert-manager",
                        product.telepath().directory(),
                        List.of(
                                made.resolve("controller").toString(),
                                "--kubeconfig=" + System.getenv("KUBECONFIG"),
                                "--leader-elect=false",
                                "--metrics-listen-address=127.0.0.1:0"),
                        Map.of());
            }
        }
        product.apply(product.home(), "authority.yaml", Map.of());
        product.apply(product.home(), "issuer.yaml", Map.of());
        product.loadImages();
    }

    private Path made() {
        Result built = product.telepath()
                .runCommand(
                        List.of(Program.root()
                                .resolve("integration-tests/kubernetes/operators")
                                .toString()),
                        Map.of(),
                        BUILD);
        assumeTrue(built.exit() != 77, built.err().strip());
        return Path.of(built.orFail().out().strip());
    }

    /** Makes what is in the file; it is removed again. */
    private void define(Path file, String name) {
        product.kubectl("apply", "--server-side", "-f", file.toString()).orFail();
        crds.add(file.toString());
        product.kubectl("wait", "--for=condition=Established", "crd/" + name, "--timeout=30s")
                .orFail();
    }

    @AfterAll
    void uninstall() {
        if (product == null) {
            return;
        }
        if (controller != null) {
            controller.close();
        }
        // Before the namespace: nobody is there any more to finish what hangs on them.
        crds.forEach(each -> product.kubectl("delete", "-f", each, "--wait=false"));
        product.close();
    }

    private String read(String kind, String name, String path) {
        return product.kubectl("-n", product.home(), "get", kind, name, "-o", "jsonpath={" + path + "}")
                .orFail()
                .out();
    }

    /** The certificate that the manager's Secret holds. */
    private X509Certificate issued() throws CertificateException {
        return certificate(decoded(read("secret", "telepath-manager-tls", ".data.tls\\.crt")));
    }

    /**
     * What Prometheus gets as the ServiceMonitor has it ask.
     *
     * @param served the certificate that it is shown
     */
    private record Scrape(X509Certificate served, String answer) {}

    private Scrape scrape(JsonNode endpoint, int port) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null);
        trusted.setCertificateEntry("ca", certificate(read("configmap", "telepath-manager", ".data.ca\\.crt")));
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        String name = endpoint.at("/tlsConfig/serverName").asText();
        try (var plain = new Socket("127.0.0.1", port);
                var socket = (SSLSocket) tls.getSocketFactory().createSocket(plain, name, port, true)) {
            var parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.getOutputStream()
                    .write("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                            .formatted(endpoint.path("path").asText(), name)
                            .getBytes(StandardCharsets.US_ASCII));
            return new Scrape(
                    (X509Certificate) socket.getSession().getPeerCertificates()[0],
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static X509Certificate certificate(String pem) throws CertificateException {
        return (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
    }

    /** A port of this machine that leads to the one of that name of the Service that the ServiceMonitor selects. */
    private Running forwarded(String portName, int here) {
        String service = product.kubectl(
                        "-n",
                        product.home(),
                        "get",
                        "service",
                        "-l",
                        "telepath.dev/metrics=true",
                        "-o",
                        "jsonpath={.items[*].metadata.name}")
                .orFail()
                .out();
        Running forward = Running.start(
                "forward",
                product.telepath().directory(),
                List.of("kubectl", "-n", product.home(), "port-forward", "service/" + service, here + ":" + portName),
                Map.of());
        await().atMost(Duration.ofSeconds(30)).ignoreExceptions().until(() -> {
            try (var probe = new Socket("127.0.0.1", here)) {
                return probe.isConnected();
            }
        });
        return forward;
    }

    @Test
    void aCertificateOfCertManagerIsServedTrustedByAllAndReplacedWithoutARestart() throws Exception {
        product.installInto(
                        product.home(),
                        "certificates.method=certmanager",
                        "certificates.certmanager.issuerRef.name=ours",
                        "settings.certificate-look=30s",
                        "prometheus.serviceMonitor.enabled=true")
                .orFail();
        assertThat(certificate(read("configmap", "telepath-manager", ".data.ca\\.crt")))
                .isEqualTo(certificate(decoded(read("secret", "ca", ".data.tls\\.crt"))));
        assertThat(read("secret", "telepath-manager-keys", ".data"))
                .contains("signing.key")
                .doesNotContain("ca.key");

        String shop = product.namespace("shop");
        product.apply(shop, "echo.yaml", Map.of("KIND", "Deployment", "\"INJECT\"", "\"\"", "NAME", "web"));
        product.telepath()
                .tp("connect", "--manager-namespace", product.home(), "-n", shop)
                .orFail();
        // By the webhook, called with that certificate, and an agent that pins its CA.
        product.telepath().tp("ingest", "web").orFail();
        String session = product.status().at("/connection/session_id").asText();
        assertThat(session).isNotEmpty();

        JsonNode endpoint = JSON.readTree(read("servicemonitor", "telepath-manager", ".spec"))
                .at("/endpoints/0");
        int port = product.telepath().managerPort();
        try (Running forward = forwarded(endpoint.path("port").asText(), port)) {
            X509Certificate first = issued();
            Scrape scrape = scrape(endpoint, port);
            assertThat(scrape.answer()).startsWith("HTTP/1.1 200").contains("telepath_sessions");
            assertThat(scrape.served()).isEqualTo(first);
            renew();
            await().atMost(SERVED).until(() -> !issued().equals(first));
            X509Certificate second = issued();
            await().atMost(SERVED)
                    .pollInterval(Duration.ofSeconds(2))
                    .until(() -> scrape(endpoint, port).served().equals(second));
            assertThat(forward.isAlive()).isTrue();
        }
        assertThat(read("pod", "telepath-manager-0", ".status.containerStatuses[0].restartCount"))
                .isEqualTo("0");
        JsonNode status = product.status();
        assertThat(status.at("/connection/state").asText()).isEqualTo("attached");
        assertThat(status.at("/connection/session_id").asText()).isEqualTo(session);
        product.telepath().tp("quit", "-s").orFail();
        product.telepath()
                .tp("connect", "--manager-namespace", product.home(), "-n", shop)
                .orFail();
    }

    /** As {@code cmctl renew} does it. */
    private void renew() {
        product.kubectl(
                        "-n",
                        product.home(),
                        "patch",
                        "certificate",
                        "telepath-manager",
                        "--subresource=status",
                        "--type=merge",
                        "-p",
                        """
                        {"status": {"conditions": [{"type": "Issuing", "status": "True", "reason": "ManuallyTriggered",
                          "message": "asked for", "lastTransitionTime": "%s"}]}}""".formatted(Instant.now().truncatedTo(ChronoUnit.SECONDS)))
                .orFail();
    }

    /** Of both the kubelet says that the volume cannot be mounted. */
    @Test
    void anIssuerThatIsNotThereIsToldWithinSecondsAndOneThatIsNotReadyIsWaitedFor() throws Exception {
        String namespace = product.namespace("late");
        String[] sets = {"certificates.method=certmanager", "certificates.certmanager.issuerRef.name=ours"};
        try {
            long began = System.nanoTime();
            Result refused = product.installInto(namespace, sets);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(60));
            assertThat(refused.exit()).as(refused.all()).isEqualTo(1);
            assertThat(refused.err())
                    .contains("cert-manager does not make the manager's certificate", "not found", "\"ours\"")
                    .contains("check certificates.certmanager.issuerRef");

            product.apply(namespace, "issuer.yaml", Map.of());
            var late = CompletableFuture.supplyAsync(() -> product.installInto(namespace, sets));
            await().atMost(Duration.ofMinutes(1))
                    .until(() -> product.kubectl(
                                    "-n",
                                    namespace,
                                    "get",
                                    "events",
                                    "--field-selector=reason=FailedMount",
                                    "-o",
                                    "name")
                            .out()
                            .contains("event/"));
            assertThat(late).isNotDone();
            product.apply(namespace, "authority.yaml", Map.of());
            late.get(3, TimeUnit.MINUTES).orFail();
        } finally {
            product.telepath().tp("uninstall", "-n", namespace);
        }
    }

    private static String decoded(String base64) {
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }

    @Test
    void whatPrometheusOperatorIsToldHasNoFieldThatItDoesNotKnow() {
        Result planned = product.telepath()
                .tp(
                        "install",
                        "-n",
                        product.home(),
                        "--dry-run",
                        "--set",
                        "prometheus.serviceMonitor.enabled=true,prometheus.serviceMonitor.labels.release=main",
                        "--set",
                        "certificates.method=certmanager,certificates.certmanager.issuerRef.name=ours")
                .orFail();
        Path file = product.telepath().write(product.telepath().directory().resolve("planned.yaml"), planned.out());
        Result checked = product.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", file.toString())
                .orFail();
        assertThat(checked.out())
                .contains("servicemonitor.monitoring.coreos.com/telepath-manager")
                .contains("certificate.cert-manager.io/telepath-manager");
    }
}
