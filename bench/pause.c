/* An idle child: static, without a pipe; it does not outlive its parent. */
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != 1)
        pause();
    return 0;
}
