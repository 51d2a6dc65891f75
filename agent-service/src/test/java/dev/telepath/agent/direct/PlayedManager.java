package dev.telepath.agent.direct;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.AgentListener;
import io.smallrye.mutiny.Uni;
import java.math.BigInteger;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Certifies, and hears where the agent listens; fails as often as it is told to before. */
final class PlayedManager implements ManagerCalls {
    private final KeyPair authority = Identity.newKey();
    private final AtomicInteger certifyFailures;
    private final AtomicInteger listenFailures;
    final AtomicInteger certifyCalls = new AtomicInteger();
    final List<AgentListener> told = new CopyOnWriteArrayList<>();

    PlayedManager(int certifyFailures, int listenFailures) {
        this.certifyFailures = new AtomicInteger(certifyFailures);
        this.listenFailures = new AtomicInteger(listenFailures);
    }

    /** That many calls that tell where the agent listens. */
    void failNext(int calls) {
        listenFailures.set(calls);
    }

    @Override
    public Uni<ByteString> certify(ByteString publicKey) {
        certifyCalls.incrementAndGet();
        return certifyFailures.getAndDecrement() > 0
                ? Uni.createFrom().failure(new IllegalStateException("busy"))
                : Uni.createFrom().item(() -> certificate(publicKey));
    }

    @Override
    public Uni<Void> listen(AgentListener where) {
        if (listenFailures.getAndDecrement() > 0) {
            return Uni.createFrom().failure(new IllegalStateException("busy"));
        }
        told.add(where);
        return Uni.createFrom().voidItem();
    }

    ByteString certificate(ByteString publicKey) {
        try {
            Instant now = Instant.now();
            var holder = new X509v3CertificateBuilder(
                            new X500Name("CN=manager"),
                            BigInteger.ONE,
                            Date.from(now.minus(Duration.ofHours(1))),
                            Date.from(now.plus(Duration.ofHours(1))),
                            new X500Name("CN=agent"),
                            SubjectPublicKeyInfo.getInstance(publicKey.toByteArray()))
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(authority.getPrivate()));
            return ByteString.copyFrom(holder.getEncoded());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
