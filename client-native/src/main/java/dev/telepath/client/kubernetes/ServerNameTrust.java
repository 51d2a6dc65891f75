package dev.telepath.client.kubernetes;

import dev.telepath.tunnel.transport.ServerTrust;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.X509TrustManager;

/** Trusts what another trusts, if it also has a certain DNS name: kubectl's {@code --tls-server-name}. */
final class ServerNameTrust extends ServerTrust {
    private static final int DNS_NAME = 2;

    private final X509TrustManager chain;
    private final String name;

    ServerNameTrust(X509TrustManager chain, String name) {
        this.chain = chain;
        this.name = name.toLowerCase(Locale.ROOT);
    }

    @Override
    protected void check(X509Certificate[] certificates, String type) throws CertificateException {
        chain.checkServerTrusted(certificates, type);
        var names = certificates[0].getSubjectAlternativeNames();
        if (names != null) {
            for (List<?> each : names) {
                if (each.get(0).equals(DNS_NAME) && covers(String.valueOf(each.get(1)), name)) {
                    return;
                }
            }
        }
        throw new CertificateException("the API server's certificate is not for " + name);
    }

    /** Whether a name of a certificate covers a host; a star stands for one whole first label. */
    static boolean covers(String pattern, String host) {
        String lower = pattern.toLowerCase(Locale.ROOT);
        if (!lower.startsWith("*.")) {
            return lower.equals(host);
        }
        int dot = host.indexOf('.');
        return dot > 0 && lower.substring(1).equals(host.substring(dot));
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return chain.getAcceptedIssuers();
    }
}
