/* The smallest child: static, and over at once. */
int main(void)
{
    return 0;
}
