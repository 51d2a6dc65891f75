package dev.telepath.tunnel.transport;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** Trust in a server by a rule of our own, wherever it is reached. No client is ever trusted. Thread-safe if the rule is. */
public abstract class ServerTrust extends X509ExtendedTrustManager {
    /**
     * The rule.
     *
     * @param chain of the server, its own certificate first; at least one
     * @param type of the key exchange
     * @throws CertificateException when the server is not trusted, with what is wrong with it
     */
    protected abstract void check(X509Certificate[] chain, String type) throws CertificateException;

    @Override
    public final void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        check(chain, type);
    }

    @Override
    public final void checkServerTrusted(X509Certificate[] chain, String type, @Nullable Socket socket)
            throws CertificateException {
        check(chain, type);
    }

    @Override
    public final void checkServerTrusted(X509Certificate[] chain, String type, @Nullable SSLEngine engine)
            throws CertificateException {
        check(chain, type);
    }

    @Override
    public final void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw client();
    }

    @Override
    public final void checkClientTrusted(X509Certificate[] chain, String type, @Nullable Socket socket)
            throws CertificateException {
        throw client();
    }

    @Override
    public final void checkClientTrusted(X509Certificate[] chain, String type, @Nullable SSLEngine engine)
            throws CertificateException {
        throw client();
    }

    private static CertificateException client() {
        return new CertificateException("this side never asks for client certificates");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
